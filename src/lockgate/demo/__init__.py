"""The whole story on embedded parts: a real PostgreSQL with a synthetic hospital, a real Lockgate, real clients.

`python -m lockgate.demo` plays it and leaves nothing running; `--up` leaves the same world up to play with.
"""
