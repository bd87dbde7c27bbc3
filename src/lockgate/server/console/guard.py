"""Who is at the screen, and whether a form is from this console: each page and each POST goes through here."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from lockgate.action import Kind
from lockgate.errors import AuthenticationError
from lockgate.identity import Person, TokenKind, kind_of
from lockgate.server.api.guard import Forbidden, Services, services
from lockgate.server.assemble import Assembly
from lockgate.server.console.cookies import token_of
from lockgate.server.console.places import PREFIX

LIVE = "lockgate-live"
"""The header of what the console's script fetches by itself: it keeps no session alive."""
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a living session; `csrf` is what each of their forms must carry."""

    person: Person
    csrf: str


def for_script(request: Request) -> bool:
    return LIVE in request.headers or request.scope["path"] == f"{PREFIX}/live"


async def visitor(request: Request, found: Services) -> Visitor:
    """AuthenticationError: nobody is logged in here. Only an interactive login's token counts, and only a person's."""
    token = token_of(request)
    if kind_of(token) is not TokenKind.SESSION:
        raise AuthenticationError("this needs a login")
    look = found.accounts.peek if for_script(request) else found.accounts.session
    person = await look(token)
    if person.kind != Kind.HUMAN.value:
        raise AuthenticationError("this needs a login")
    return Visitor(person, form_token(found, token))


Me = Annotated[Visitor, Depends(visitor)]


def form_token(found: Assembly, secret: str) -> str:
    """What a form carries to prove that it was made for the holder of this cookie. It does not tell the cookie."""
    return hmac.new(found.keys.derive("console-form"), secret.encode(), sha256).hexdigest()


async def posted(request: Request, me: Me) -> dict[str, str]:
    """The fields of a form that this console made for this session. Forbidden: it did not."""
    return await fields(request, me.csrf)


Form = Annotated[dict[str, str], Depends(posted)]


async def fields(request: Request, csrf: str) -> dict[str, str]:
    """Forbidden: another site sent it, or it does not carry the token."""
    if not _from_here(request):
        raise Forbidden("this was not sent from a page of this console", hint="open the console and do it there")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Forbidden("this is no form of this console", hint="open the page again")
    try:
        pairs = parse_qsl((await request.body()).decode(), True, strict_parsing=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Forbidden("this form cannot be read", hint="open the page again") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Forbidden("a field of this form was sent twice", hint="open the page again")
    if not hmac.compare_digest(found.pop("csrf", "").encode(), csrf.encode()):
        raise Forbidden("this form is not of your session", hint="open the page again, and send it from there")
    return found


def _from_here(request: Request) -> bool:
    """What the browser says of where it comes from. A browser that says nothing is not believed.

    Under `Referrer-Policy: no-referrer` the Origin of a form is `null` (Fetch, section 3.2), so Sec-Fetch-Site, which
    no page can forge, decides where it is there; an Origin of somebody else is refused either way.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    assembly = services(request)
    ours = {request.headers.get("host"), urlsplit(assembly.approvals.desk.base_url).netloc}  # the latter before a proxy
    if origin not in (None, "null") and urlsplit(origin).netloc not in ours:
        return False
    if site is not None:
        return site == "same-origin"
    return origin not in (None, "null")
