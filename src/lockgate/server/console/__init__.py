"""The review console: pages that a server renders, for whoever decides and whoever waits.

In: a browser with a session cookie. Out: HTML built from stored views, a stream that says which requests changed. It
decides nothing itself: whatever a page does goes through the same services as the API. It must never show more than
the stored view, put a credential into HTML or a URL, act on a form that another site could have sent, or run a script
that is not its own.
"""

from lockgate.server.console.mounting import answer_error, headers_for, is_console, mount

__all__ = ["answer_error", "headers_for", "is_console", "mount"]
