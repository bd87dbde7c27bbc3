"""The vault: what a surrogate stands for, and forgetting a patient. Each is an action that waits for people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from lockgate.action import UNCLASSIFIED, Requester
from lockgate.errors import AuthenticationError, Refused
from lockgate.identity import TokenKind, kind_of
from lockgate.pipeline import Wishes
from lockgate.server.api.guard import Forbidden, Services
from lockgate.server.assemble import Assembly
from lockgate.server.config import VAULT
from lockgate.server.vaults import FORGET, REVEAL, Caller, Deed, Done

router = APIRouter(prefix="/vault", tags=["vault"])

WAITING = "LG001"
LONGEST_WAIT_S = 50

Surrogate = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Asking(BaseModel):
    patient: str = Field(min_length=1, max_length=256, description="as it was given to the vault", examples=["4711"])
    reason: str = Field(default="", max_length=500, description="told to reviewers, masked and marked unverified")
    purpose: str = Field(default="", pattern=r"^([a-z][a-z_-]{0,39})?$")
    wait_s: int = Field(default=0, ge=0, le=LONGEST_WAIT_S, description="how long to wait for people; 0 asks and goes")
    account: str = Field(default="", max_length=256, description="whose connection token it is, where it is one")


class Reveal(Asking):
    surrogates: list[Surrogate] = Field(min_length=1, max_length=50, examples=[["Maria Keller"]])


Bearer = Annotated[str, Header()]


async def _requester(body: Asking, request: Request, found: Assembly, authorization: str) -> Requester:
    """A person by their own login, an agent or service by a token for the connection `vault`."""
    scheme, _, token = authorization.partition(" ")
    address = request.client.host if request.client else ""
    if scheme.lower() != "bearer":
        raise AuthenticationError("this needs a login, or a token for the connection vault")
    if kind_of(token) is TokenKind.CONNECTION:
        return await found.accounts.connection_login(body.account, token, VAULT, address)
    me = await found.accounts.session(token)
    if body.account not in ("", me.id, me.id.partition(":")[2]):
        # What is shown is shown to whoever asks: nobody asks for their agent and reads the answer themselves.
        raise Forbidden("a login asks for its own account", hint="an agent asks with a token for the connection vault")
    known = await found.accounts.proposer(me.id, address, by=me.id)
    if known is None:
        raise AuthenticationError("no such session", hint="log in again: lockgate login")
    return known


@router.post("/reveal", responses={202: {"description": "waits for people; ask again, exactly so, once they agree"}})
async def reveal(
    body: Reveal, request: Request, response: Response, found: Services, authorization: Bearer = ""
) -> dict[str, Any]:
    """What these surrogates of a patient stand for. The first call asks people; once they have agreed, the same call
    by the same account from the same address answers, once; `receipt` is what `GET /audit/events/…/proof` is asked
    by."""
    who = await _requester(body, request, found, authorization)
    return await _do(body, Deed(REVEAL, body.patient, tuple(body.surrogates)), request, response, found, who)


@router.post("/forget", responses={202: {"description": "waits for people; ask again, exactly so, once they agree"}})
async def forget(
    body: Asking, request: Request, response: Response, found: Services, authorization: Bearer = ""
) -> dict[str, Any]:
    """Erase a patient from the vault, for good. Asked and done as `reveal`."""
    who = await _requester(body, request, found, authorization)
    return await _do(body, Deed(FORGET, body.patient), request, response, found, who)


async def _do(
    body: Asking, deed: Deed, request: Request, response: Response, found: Assembly, who: Requester
) -> dict[str, Any]:
    """Never a patient or a value in an error: only what the path itself says."""
    reveal = frozenset({UNCLASSIFIED}) if deed.operation == REVEAL else frozenset[str]()
    wishes = Wishes(reveal, body.purpose, body.reason, body.wait_s > 0, float(body.wait_s))

    async def left() -> None:
        # Not `request.is_disconnected`: behind a middleware it never says so.
        while (await request.receive())["type"] != "http.disconnect":
            pass

    result = await found.vaults.do(who, deed, wishes, Caller(left))
    if isinstance(result, Done):
        return _done(result, deed)
    if result.code != WAITING:
        raise Refused(result.message, hint=result.hint)
    response.status_code = 202
    return {"state": result.state, "request": result.request_id, "message": result.message, "hint": result.hint}


def _done(done: Done, deed: Deed) -> dict[str, Any]:
    body: dict[str, Any] = {"state": "SUCCEEDED", "request": done.request_id, "receipt": done.receipt}
    if deed.operation == FORGET:
        return body | {"forgotten": done.forgotten}
    found = [{"class": one.cls, "surrogate": one.surrogate, "original": one.original} for one in done.revealed]
    return body | {"revealed": found}
