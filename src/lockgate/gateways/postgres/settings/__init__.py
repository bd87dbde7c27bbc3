"""Settings: which ones of the server's a client may change (`allowed`), and its own wishes, `lockgate.*` (`wishes`).

The server remembers both, so that SET LOCAL, savepoints and RESET do to them what they do to every setting. Whatever
changes what a text means, or shows what somebody else wrote, is pinned and stays so.
"""
