"""One client's session: its messages in, decisions made, only then bytes upstream.

`Session` takes one batch at a time from its `inbox`; `simple` and `extended` say what becomes of it, by way of
`deciding`: `binding` at each Bind, `dump` for a declared dump, `copied_rows` for what a client copies in. A held
statement runs in its `own_transaction`. `records` is what the session has open, `outcomes` what the log is told when a
transaction has ended, `fast` what needs no further look. Nothing goes upstream that was not decided.
"""

from lockgate.gateways.postgres.session.session import Session

__all__ = ["Session"]
