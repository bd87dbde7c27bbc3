"""Where the console sits in the application: its routes, its headers, and how its errors look."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Depends, FastAPI, Request, Response

from lockgate.errors import AuthenticationError, LockgateError
from lockgate.server.api import receipts
from lockgate.server.console import deciding, files, inbox, landing, live, login, request_page
from lockgate.server.console.cookies import forget, token_of
from lockgate.server.console.guard import for_script
from lockgate.server.console.places import INBOX, PREFIX, login_place, redirect, request_in
from lockgate.server.console.rendering import page
from lockgate.server.console.words import about_error

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def mount(app: FastAPI) -> None:
    """Add the console's routes. They are not part of the API's description."""
    for module in (login, inbox, request_page, deciding, live, files):
        app.include_router(
            module.router, prefix=PREFIX, dependencies=[Depends(receipts.noting)], include_in_schema=False
        )
    app.include_router(landing.router, include_in_schema=False)


def is_console(request: Request) -> bool:
    path: str = request.scope["path"]
    return path == PREFIX or path.startswith((f"{PREFIX}/", landing.PREFIX))


def headers_for(request: Request) -> Mapping[str, str]:
    return HEADERS if is_console(request) else {}


def answer_error(request: Request, status: int, error: LockgateError) -> Response:
    """A page that says what happened and what to do; whoever is not logged in is shown the login."""
    if status == 401 and isinstance(error, AuthenticationError) and not for_script(request):
        if landing.from_elsewhere(request) and not token_of(request):
            return landing.lead_on(request, request_in(request.scope["path"]))
        response: Response = redirect(login_place(request_in(request.scope["path"])))
        if token_of(request):
            forget(request, response)
        return response
    words = about_error(status, error)
    return page(request, "message.html", status=status, title=words.title, words=words, home=INBOX)
