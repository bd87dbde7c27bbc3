"""The HTTP API: what the console, the command line and programs of your own use.

In: JSON and a bearer token of an interactive login. Out: JSON, errors as problem+json (RFC 9457) with stable codes.
It never shows PHI, puts nothing secret in a URL, and lets no connection token or agent's key vote or administer.
"""

from lockgate.server.api.app import create_app

__all__ = ["create_app"]
