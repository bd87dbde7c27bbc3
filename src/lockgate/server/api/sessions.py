"""Log in, log out, who am I; and the exchange of an agent's key for a connection token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field

from lockgate.server.api.guard import Me, Services, Token, guessing

router = APIRouter(tags=["sessions"])


class Login(BaseModel):
    user: str = Field(max_length=256, examples=["rita"])
    password: str = Field(max_length=1024)


class Session(BaseModel):
    token: str
    person: str
    expires_at: int = Field(description="microseconds since 1970 UTC")


class Whoami(BaseModel):
    id: str
    kind: str
    groups: list[str]


class ConnectionToken(BaseModel):
    token: str
    user: str
    connection: str
    expires_at: int


class Exchange(BaseModel):
    connection: str = Field(max_length=128, examples=["clinic"])


@router.post("/login")
async def login(body: Login, request: Request, found: Services) -> Session:
    """An interactive session. Its token goes into `Authorization: Bearer …`."""
    async with guessing(request, body.user):
        minted = await found.accounts.login(body.user, body.password)
    return Session(token=minted.token, person=minted.person, expires_at=minted.expires_at)


@router.post("/logout", status_code=204)
async def logout(token: Token, found: Services) -> None:
    await found.accounts.logout(token)


@router.get("/me")
async def whoami(me: Me) -> Whoami:
    return Whoami(id=me.id, kind=me.kind, groups=sorted(me.groups))


@router.post("/token")
async def exchange(body: Exchange, found: Services, authorization: Annotated[str, Header()] = "") -> ConnectionToken:
    """For agents and services: a registered key (`Bearer lgk_…`) fetches a one-hour token for one connection."""
    minted = await found.accounts.token_for_key(authorization.partition(" ")[2], body.connection)
    return ConnectionToken(
        token=minted.token,
        user=minted.person.partition(":")[2],
        connection=body.connection,
        expires_at=minted.expires_at,
    )


@router.get("/health")
async def health(found: Services) -> dict[str, object]:
    """Whether the store answers, the kill switch is on, and the log continues what is kept of it outside."""
    switch = await found.approvals.stopped()
    return {
        "store": "ok",
        "stopped": switch.on,
        "halted": found.log.halted,
        "lagging": found.log.lagging,
        "sessions": found.gateway.sessions,
    }
