"""Logging in through an identity provider: asking it over HTTP, and the way of a login from its beginning to a session.

In: settings, and what a browser or the command line brings back. Out: an ordinary session, or AuthenticationError.
It must never follow a redirect, believe what it has not checked, or let a login end anywhere but where it began.
"""

from lockgate.server.oidc.asking import Asking
from lockgate.server.oidc.flows import Ended, Flows, Waiting

__all__ = ["Asking", "Ended", "Flows", "Waiting"]
