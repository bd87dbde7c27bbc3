"""Standing grants: asked for by one example, approved by people, used while they last, revoked by either side."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from lockgate.errors import Refused
from lockgate.server.api import drafts
from lockgate.server.api.guard import Limit, Me, Services
from lockgate.server.api.requests import answer, end, shown
from lockgate.services.approvals import Refusal, RequestView

router = APIRouter(prefix="/standing", tags=["standing grants"])


class Standing(drafts.Asker):
    statement: str = Field(
        min_length=1,
        max_length=drafts.LONGEST,
        description="an example: the grant covers what it does, and no more",
        examples=["UPDATE task SET done = true WHERE id = 1"],
    )
    uses: int = Field(ge=1, le=100, examples=[20])
    minutes: int = Field(ge=1, le=480, description="from the last approval; eight hours at most", examples=[120])


class Revoke(BaseModel):
    reason: str = Field(default="", max_length=500, description="needed from whoever decides", examples=["job is done"])


@router.post("", status_code=201)
async def propose(body: Standing, me: Me, found: Services, request: Request) -> dict[str, Any]:
    """Ask for one, for yourself or an agent of yours. It is approved like any request: `POST /requests/{id}/vote`."""
    requester = await drafts.requester_for(body, me, found, request)
    proposal = await drafts.proposal(found, body.connection, requester, body.statement, body.wishes(), by=me.id)
    return drafts.opened(await found.approvals.propose_standing(proposal, max_uses=body.uses, ttl_s=body.minutes * 60))


@router.get("")
async def list_standing(me: Me, found: Services, state: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Newest first; `state=APPROVED` for those in force."""
    views = await found.approvals.list(kind="standing", state=state.upper(), limit=min(limit, 500))
    return [shown(view) for view in views]


@router.get("/{grant_id}")
async def show(grant_id: str, me: Me, found: Services) -> dict[str, Any]:
    """Its terms, `uses` of `max_uses`, `use_by_at`, and who may revoke it. Reading it starts your time to decide."""
    return shown(await _grant(grant_id, found, viewer=me.id))


@router.post("/{grant_id}/revoke")
async def revoke(grant_id: str, body: Revoke, me: Me, found: Services) -> dict[str, Any]:
    """End it at once: whoever asked takes it back, whoever may decide on it denies it. What is running runs on."""
    return answer(await end(await _grant(grant_id, found), me, body.reason, found))


async def _grant(grant_id: str, found: Services, viewer: str = "") -> RequestView:
    view = await found.approvals.get(grant_id, viewer=viewer)
    if isinstance(view, Refusal) or view.kind != "standing":
        raise Refused("there is no such standing grant", hint="lockgate standing list --state ''")
    return view
