"""Log in and out. The session is the API's own; here its token goes into a cookie and nowhere else."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request, Response

from lockgate.errors import AuthenticationError
from lockgate.identity import TokenKind, kind_of
from lockgate.server.api.guard import Forbidden, Services, TooMany, guessing
from lockgate.server.assemble import Assembly
from lockgate.server.console import cookies
from lockgate.server.console.guard import Form, Me, fields, form_token
from lockgate.server.console.places import REQUEST_ID, after_login, login_place, redirect
from lockgate.server.console.rendering import page
from lockgate.server.console.words import Words

router = APIRouter()
USER_CHARS, PASSWORD_CHARS = 256, 1024


@router.get("/login")
async def show(request: Request, found: Services, out: str = "") -> Response:
    said = Words("You are logged out.", "") if out else None
    return _form(request, found, request.query_params.get("request", ""), said=said)


@router.post("/login")
async def login(request: Request, found: Services) -> Response:
    """A new session each time, and the one that the browser had is ended: nobody can have planted it."""
    visit = cookies.token_of(request, cookies.VISIT)
    if not visit:
        return _form(request, found, "", status=403, said=Words("The login took too long.", "Try again."))
    try:
        sent = await fields(request, form_token(found, visit))
    except Forbidden as error:
        return _form(request, found, "", status=403, said=Words(f"{error.message}.", "Log in from here."))
    wanted, user, password = sent.get("request", ""), sent.get("user", "").strip(), sent.get("password", "")
    try:
        if len(user) > USER_CHARS or len(password) > PASSWORD_CHARS:
            raise AuthenticationError("login failed")
        async with guessing(request, user):
            minted = await found.accounts.login(user, password)
    except TooMany:
        said = Words("Too many failed logins.", "Wait a little, then try again.")
        return _form(request, found, wanted, status=429, said=said, user=user)
    except AuthenticationError:
        said = Words("This name and password do not fit.", "Try again. An administrator can help if you forgot it.")
        return _form(request, found, wanted, status=401, said=said, user=user)
    before = cookies.token_of(request)
    if kind_of(before) is TokenKind.SESSION:
        await found.accounts.logout(before)
    response = redirect(after_login(wanted))
    cookies.put(request, response, minted.token)
    cookies.forget(request, response, cookies.VISIT)
    return response


@router.post("/logout")
async def logout(request: Request, me: Me, form: Form, found: Services) -> Response:
    """The session is revoked, wherever its token may be."""
    await found.accounts.logout(cookies.token_of(request))
    response = redirect(f"{login_place()}?out=1")
    cookies.forget(request, response)
    return response


def _form(
    request: Request, found: Assembly, wanted: str, *, status: int = 200, said: Words | None = None, user: str = ""
) -> Response:
    visit = cookies.token_of(request, cookies.VISIT) or secrets.token_urlsafe(24)
    response = page(
        request,
        "login.html",
        status=status,
        title="Log in",
        said=said,
        user=user,
        wanted=wanted if REQUEST_ID.fullmatch(wanted) else "",
        csrf=form_token(found, visit),
    )
    cookies.put(request, response, visit, cookies.VISIT)
    return response
