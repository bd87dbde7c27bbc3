"""Bytes: the messages of the protocol, and the two ends that they travel between. Nothing here knows of PHI or policy.

`messages` builds them and `parsing` reads them, `withheld` takes the words out of what could quote a value, `_frames` and
`_literals` walk them compiled; `peer` is one end of a connection, `frontend` lets a client in, `upstream` dials a `target`
and logs in there. Foreign bytes raise `ProtocolError`.
"""
