"""Log in through the identity provider: with a browser, from a terminal, with a device code; and link an account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from lockgate.action import Kind
from lockgate.errors import AuthenticationError, ConfigError
from lockgate.identity import token_hash
from lockgate.server.api.guard import Forbidden, Services, bearer
from lockgate.server.api.sessions import Session
from lockgate.server.assemble import Assembly
from lockgate.server.oidc import Ended, Flows, Waiting
from lockgate.services.accounts import LOCAL, LinkWish
from lockgate.services.logins import LIVES_S

router = APIRouter(tags=["sessions"])

Secret = Annotated[str, Field(max_length=256)]


class Methods(BaseModel):
    """How one may log in here."""

    local: bool = True
    issuer: str = Field(default="", description="the identity provider; empty where there is none")
    device_flow: bool = False


class Beginning(BaseModel):
    port: int = Field(default=0, ge=0, le=65535, description="of a terminal's own loopback (RFC 8252); 0: a browser")
    link: bool = Field(default=False, description="link the provider's account to the local one of this session")


class Begun(BaseModel):
    authorization_url: str
    state: str
    handle: str = Field(
        description="for a terminal: it alone can end the login; empty for a browser, whose is a cookie"
    )


class Ending(BaseModel):
    state: Secret
    handle: Secret
    code: str = Field(default="", max_length=4096)
    iss: str | None = Field(default=None, max_length=2048)
    error: str = Field(default="", max_length=256)


class Device(BaseModel):
    """RFC 8628, section 3.2; the device code stays with the server."""

    user_code: str
    verification_uri: str
    expires_in: int
    interval: int
    state: str
    handle: str


class Polling(BaseModel):
    state: Secret
    handle: Secret


class Linked(BaseModel):
    linked: list[str]


class Pending(BaseModel):
    pending: bool = True


def _flows(found: Assembly) -> Flows:
    if found.flows is None:
        raise ConfigError("no identity provider is configured here", hint="log in by name: lockgate login NAME")
    return found.flows


@router.get("/login/methods")
async def methods(found: Services) -> Methods:
    """What a person may log in with."""
    if found.flows is None:
        return Methods()
    return Methods(issuer=found.flows.settings.issuer, device_flow=found.flows.settings.device_flow)


@router.post("/login/oidc")
async def begin(
    body: Beginning,
    request: Request,
    response: Response,
    found: Services,
    authorization: Annotated[str, Header()] = "",
) -> Begun:
    """Begin a login, or (with a local login's session) the linking of an account. It lives for ten minutes."""
    flows = _flows(found)
    wish = await _wish(found, authorization) if body.link else None
    begun = await flows.begin(port=body.port, wish=wish, address=_address(request))
    if not body.port:
        _keep(response, flows, begun.handle)
    return Begun(authorization_url=begun.url, state=begun.state, handle=begun.handle if body.port else "")


@router.get("/login/oidc/browser", status_code=303, response_class=Response)
async def browser(request: Request, found: Services) -> Response:
    """Begin a login in this browser: it is sent to the provider, and comes back to the callback."""
    flows = _flows(found)
    begun = await flows.begin(address=_address(request))
    response = Response(status_code=303, headers={"location": begun.url})
    _keep(response, flows, begun.handle)
    return response


@router.get("/login/oidc/callback")
async def callback(
    request: Request,
    found: Services,
    state: Annotated[str, Query(max_length=256)] = "",
    code: Annotated[str, Query(max_length=4096)] = "",
    iss: Annotated[str | None, Query(max_length=2048)] = None,
    error: Annotated[str, Query(max_length=256)] = "",
) -> Response:
    """Where the provider sends the browser; it ends only the login that this very browser began."""
    flows = _flows(found)
    handle = request.cookies.get(cookie_name(flows), "")
    ended = await flows.end(browser=True, state=state, handle=handle, code=code, iss=iss, error=error)
    response = JSONResponse(_shown(ended).model_dump())
    response.delete_cookie(cookie_name(flows), path="/", secure=_secure(flows), httponly=True, samesite="lax")
    return response


@router.post("/login/oidc/finish")
async def finish(body: Ending, found: Services) -> Session | Linked:
    """What came back to a terminal's loopback, from the terminal that began it."""
    ended = await _flows(found).end(
        browser=False, state=body.state, handle=body.handle, code=body.code, iss=body.iss, error=body.error
    )
    return _shown(ended)


@router.post("/login/oidc/device")
async def begin_device(request: Request, found: Services) -> Device:
    """For a terminal without a browser: a code to confirm on another device (RFC 8628), where that is switched on."""
    begun = await _flows(found).begin_device(address=_address(request))
    return Device(
        user_code=begun.user_code,
        verification_uri=begun.url,
        expires_in=begun.expires_s,
        interval=begun.interval_s,
        state=begun.state,
        handle=begun.handle,
    )


@router.post("/login/oidc/device/poll")
async def poll(body: Polling, found: Services) -> Session | Linked | Pending:
    """Whether it has been confirmed; asked more often than `interval` says, it says that it has not."""
    ended = await _flows(found).end_device(state=body.state, handle=body.handle)
    return Pending() if isinstance(ended, Waiting) else _shown(ended)


def _shown(ended: Ended) -> Session | Linked:
    if ended.minted is None:
        return Linked(linked=sorted((ended.account, ended.linked_to)))
    return Session(token=ended.minted.token, person=ended.minted.person, expires_at=ended.minted.expires_at)


async def _wish(found: Assembly, authorization: str) -> LinkWish:
    """Whoever asks to be linked is a person with a local account, logged in to it."""
    token = bearer(authorization)
    me = await found.accounts.session(token)
    if me.kind != Kind.HUMAN.value:
        raise AuthenticationError("only people have accounts at the identity provider")
    if not me.id.startswith(f"{LOCAL}:"):
        raise Forbidden("linking begins in a session of the local account", hint="lockgate login NAME, then --link")
    return LinkWish(me.id, token_hash(token))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _secure(flows: Flows) -> bool:
    return flows.public_url.startswith("https:")


def cookie_name(flows: Flows) -> str:
    """`__Host-`: no other host of the same domain can set it (RFC 6265bis); that takes TLS."""
    return "__Host-lockgate-login" if _secure(flows) else "lockgate-login"


def _keep(response: Response, flows: Flows, handle: str) -> None:
    # Lax: it has to come along when the provider sends the browser back, and with nothing else of another site.
    response.set_cookie(
        cookie_name(flows), handle, max_age=LIVES_S, path="/", secure=_secure(flows), httponly=True, samesite="lax"
    )
