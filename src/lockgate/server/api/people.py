"""People, agents, groups, tokens, and the kill switch. Every change names who made it, and that counts later."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from lockgate.action import Kind, Principal, Requester
from lockgate.errors import ConfigError, Refused
from lockgate.identity import Person
from lockgate.server.api import drafts
from lockgate.server.api.guard import Admin, Forbidden, Me, Services, Token, as_voter, guessing
from lockgate.server.config import VAULT
from lockgate.services.approvals import Refusal

router = APIRouter(tags=["people"])


class NewUser(BaseModel):
    name: str
    password: str = Field(min_length=12, max_length=1024)
    groups: list[str] = []


class NewAgent(BaseModel):
    name: str
    owners: list[str] = Field(default=[], description="ids of humans; yourself if empty", examples=[["local:ana"]])
    groups: list[str] = ["agents"]


class Groups(BaseModel):
    join: list[str] = []
    leave: list[str] = []


class NewToken(BaseModel):
    connection: str
    account: str = Field(default="", description="an agent you own; yourself if empty")
    on_behalf: bool = Field(default=False, description="the agent acts for you, and both are asked of policy")


class Lend(BaseModel):
    receiver: str = Field(examples=["local:paul"])
    group: str = Field(examples=["privacy"])
    ttl_s: int = Field(gt=0, description="seconds; two weeks at most")


class Switch(BaseModel):
    on: bool
    reason: str = Field(default="", max_length=500)


def _shown(person: Person) -> dict[str, Any]:
    return {"id": person.id, "kind": person.kind, "groups": sorted(person.groups), "active": person.active}


@router.get("/people")
async def list_people(me: Me, found: Services) -> list[dict[str, Any]]:
    everybody = await found.accounts.everybody()
    return [
        _shown(p) | {"owners": sorted(await found.accounts.owners_of(p.id)) if p.kind != "human" else []}
        for p in everybody
    ]


@router.post("/users", status_code=201)
async def create_user(body: NewUser, me: Admin, found: Services) -> dict[str, Any]:
    return _shown(await found.accounts.create_user(body.name, body.password, by=me.id, groups=body.groups))


@router.post("/agents", status_code=201)
async def create_agent(body: NewAgent, me: Me, found: Services) -> dict[str, Any]:
    """Anybody may register an agent that they own; for other owners it takes an administrator."""
    owners = body.owners or [me.id]
    if owners != [me.id] and "admins" not in me.groups:
        raise Forbidden("an agent for somebody else is registered by an administrator")
    if "admins" not in me.groups and set(body.groups) - {"agents"}:
        raise Forbidden("groups beyond `agents` are given by an administrator")
    return _shown(await found.accounts.create_agent(body.name, owners, by=me.id, groups=body.groups))


@router.post("/agents/{agent}/key", status_code=201)
async def agent_key(agent: str, me: Me, found: Services) -> dict[str, Any]:
    """A key for 90 days, shown once. Whoever sees it can never approve what it is used for."""
    await _owned(agent, me, found)
    minted = await found.accounts.register_key(agent, by=me.id)
    return {"key": minted.token, "id": minted.id, "expires_at": minted.expires_at}


@router.post("/people/{account}/groups")
async def change_groups(account: str, body: Groups, me: Admin, found: Services) -> dict[str, Any]:
    return _shown(await found.accounts.change_groups(account, join=body.join, leave=body.leave, by=me.id))


@router.post("/people/{account}/deactivate", status_code=204)
async def deactivate(account: str, me: Admin, found: Services) -> None:
    await found.accounts.deactivate(account, by=me.id)


class Owners(BaseModel):
    add: list[str] = Field(default=[], examples=[["local:ana"]])
    remove: list[str] = []


class Link(BaseModel):
    other: str = Field(description="another account of the same human")


@router.post("/agents/{agent}/owners")
async def change_owners(agent: str, body: Owners, me: Admin, found: Services) -> dict[str, Any]:
    """Who answers for an agent. A former owner may not approve its actions for thirty days."""
    left = await found.accounts.change_owners(agent, add=body.add, remove=body.remove, by=me.id)
    return {"id": agent, "owners": sorted(left)}


@router.post("/people/{account}/link", status_code=204)
async def link_accounts(account: str, body: Link, me: Admin, found: Services) -> None:
    """Two accounts of one human: they count once, and share every conflict."""
    await found.accounts.link(account, body.other, by=me.id)


@router.post("/credentials/{credential}/revoke")
async def revoke(credential: str, me: Admin, found: Services) -> dict[str, int]:
    """End a token or key before its time, and with a key every token that it fetched. Says how many ended."""
    return {"revoked": await found.accounts.revoke(credential, by=me.id)}


@router.get("/reviewers")
async def reviewers(me: Admin, found: Services) -> list[dict[str, Any]]:
    """How reviewers decide: votes, approvals, time to decide, and what looks like a rubber stamp."""
    return [asdict(reviewer) for reviewer in await found.approvals.reviewers()]


@router.post("/break-glass/{request_id}/close")
async def close_glass(request_id: str, me: Me, found: Services) -> dict[str, str]:
    """Whoever broke it needs it no more; its review is due."""
    result = await found.approvals.close_glass(request_id, by=me.id)
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {"state": str(result.state)}


@router.post("/tokens", status_code=201)
async def mint_token(body: NewToken, token: Token, me: Me, found: Services) -> dict[str, Any]:
    """A one-hour token that opens one connection, for yourself or an agent that you own."""
    account = body.account or me.id
    if account != me.id:
        await _owned(account, me, found)
    if body.connection not in {*found.connections, VAULT}:
        raise ConfigError("no such connection", hint=", ".join(sorted(found.connections)))
    if body.on_behalf:
        minted = await found.accounts.delegate(token, account, body.connection)
    else:
        minted = await found.accounts.connection_token(account, body.connection, by=me.id)
    return {
        "token": minted.token,
        "id": minted.id,
        "user": account.partition(":")[2],
        "expires_at": minted.expires_at,
    }


@router.post("/kill-switch")
async def kill_switch(body: Switch, me: Me, found: Services) -> dict[str, Any]:
    """Stop everything (one person of the group); going on takes two."""
    result = await found.approvals.kill_switch(body.on, by=as_voter(me), reason=body.reason)
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {"on": result.on}


class Glass(BaseModel):
    connection: str
    classes: list[str] = Field(min_length=1, examples=[["name", "phone"]])
    reason: str = Field(min_length=10, max_length=500)
    password: str = Field(max_length=1024, description="yours, again: a fresh proof of who you are")
    minutes: int = Field(default=60, ge=1, le=60)
    statement: str = Field(
        default="",
        max_length=drafts.LONGEST,
        description="only this, once, with a token that you mint; empty: whatever policy would show people",
    )
    address: drafts.Address = Field(default="", description="with `statement`: where you will connect from")


@router.post("/break-glass", status_code=201)
async def break_glass(body: Glass, me: Me, found: Services, request: Request) -> dict[str, Any]:
    """Emergency access for people of the group `break-glass`: at once, told to reviewers, reviewed within a day."""
    async with guessing(request, me.id):
        await found.accounts.prove(me.id, body.password)
    only = None
    if body.statement:
        asker = drafts.Asker(connection=body.connection, address=body.address, reveal=body.classes)
        sender = await drafts.requester_for(asker, me, found, request)
        wishes = asker.wishes()
        drafted = await drafts.proposal(found, body.connection, sender, body.statement, wishes, by=me.id, glass=True)
        only = drafted.action
    issuer, _, subject = me.id.partition(":")
    requester = Requester(
        Principal(issuer, subject, Kind(me.kind), frozenset(me.groups)),
        f"login:{me.id}",
        request.client.host if request.client else "",
    )
    result = await found.approvals.break_glass(
        requester,
        voter=replace(as_voter(me), step_up="password"),
        connection=body.connection,
        classes=frozenset(body.classes),
        reason=body.reason,
        ttl_s=body.minutes * 60,
        only=only,
    )
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {"request": result.request_id, "until_at": result.until_at, "review_by_at": result.review_by_at}


async def _owned(agent: str, me: Person, found: Services) -> None:
    if me.id not in await found.accounts.owners_of(agent):
        raise Forbidden(f"{agent} is not an agent of yours")


@router.post("/delegations")
async def lend(body: Lend, me: Me, found: Services) -> dict[str, Any]:
    """Lend your place in a group for a time. Your own conflicts go with it; what was lent to you cannot be lent on."""
    voter = as_voter(me)
    lent = await found.approvals.delegate(giver=voter, receiver=body.receiver, group=body.group, ttl_s=body.ttl_s)
    if isinstance(lent, Refusal):
        raise Refused(lent.message, hint=lent.hint)
    return asdict(lent)


@router.delete("/delegations/{delegation_id}")
async def take_back(delegation_id: str, me: Me, found: Services) -> dict[str, bool]:
    """Votes given under it no longer count when the request is executed."""
    voter = as_voter(me)
    if not await found.approvals.undelegate(delegation_id, giver=voter):
        raise Refused("you have lent nothing of this name", hint="the id is what lending answered")
    return {"taken_back": True}
