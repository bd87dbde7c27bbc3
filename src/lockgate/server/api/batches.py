"""Batches: several statements on one screen, one decision for each. A vote binds to all that the screen showed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints

from lockgate.errors import Refused
from lockgate.server.api import drafts
from lockgate.server.api.guard import Me, Services, as_voter
from lockgate.server.api.requests import shown
from lockgate.services.approvals import BatchView, ItemVote, Refusal

router = APIRouter(prefix="/batches", tags=["requests"])

MOST_ITEMS = 20


class Batch(drafts.Asker):
    statements: list[Annotated[str, StringConstraints(min_length=1, max_length=drafts.LONGEST)]] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="each is sent later by the account itself, exactly so, as a simple query",
        examples=[["UPDATE task SET done = true WHERE id = 1", "UPDATE task SET done = true WHERE id = 2"]],
    )


class Item(BaseModel):
    request: str = Field(max_length=64, examples=["req_0123456789abcdef0123"])
    approve: bool
    reason: str = Field(default="", max_length=500)


class Votes(BaseModel):
    view_digest: str = Field(max_length=128, description="of the batch as it was shown: all of it")
    decisions: list[Item] = Field(min_length=1, max_length=1000, description="what is not named is not decided")


def as_json(batch: BatchView) -> dict[str, Any]:
    return {
        "id": batch.id,
        "view_digest": batch.digest,
        "lines": list(batch.lines),
        "items": [shown(item) for item in batch.items],
    }


@router.post("", status_code=201)
async def propose(body: Batch, me: Me, found: Services, request: Request) -> dict[str, Any]:
    """Ask for several at once, for yourself or an agent of yours. All are classified before any is asked for."""
    requester = await drafts.requester_for(body, me, found, request)
    proposals = [
        await drafts.proposal(found, body.connection, requester, statement, body.wishes(), by=me.id)
        for statement in body.statements
    ]
    batch, results = await found.approvals.propose_batch(proposals)
    items = [
        {"refused": r.message, "hint": r.hint, "code": r.code} if isinstance(r, Refusal) else drafts.opened(r)
        for r in results
    ]
    return {"batch": batch, "items": items}


@router.get("/{batch_id}")
async def show(batch_id: str, me: Me, found: Services) -> dict[str, Any]:
    """Everything in it, as one view with one digest. Reading it starts your time to decide."""
    batch = await found.approvals.batch(batch_id, viewer=me.id)
    if isinstance(batch, Refusal):
        raise Refused("there is no such batch", hint="proposing it answered with its id")
    return as_json(batch)


@router.post("/{batch_id}/vote")
async def vote(batch_id: str, body: Votes, me: Me, found: Services) -> dict[str, Any]:
    """One decision for each item that is named; an item that is refused says why, the others stand."""
    result = await found.approvals.vote_batch(
        batch_id,
        voter=as_voter(me),
        decisions=[ItemVote(d.request, d.approve, d.reason) for d in body.decisions],
        view_digest=body.view_digest,
    )
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {
        name: {"refused": one.message, "hint": one.hint, "code": one.code} if isinstance(one, Refusal) else shown(one)
        for name, one in result.items()
    }
