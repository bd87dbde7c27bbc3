"""What recurs as policy: draft a permit from an approved request, see those in force, revoke one."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lockgate.errors import Refused
from lockgate.server.api import drafts
from lockgate.server.api.guard import Limit, Me, Services, as_voter
from lockgate.server.api.requests import answer, end, shown
from lockgate.services.approvals import Refusal

router = APIRouter(prefix="/policy/allowed", tags=["policy"])


class Allow(BaseModel):
    request: str = Field(max_length=64, description="one that people have approved", examples=["req_…"])
    until: date = Field(description="the last day, UTC; 90 days from today at most", examples=["2027-01-31"])
    max_rows: int = Field(
        default=0, ge=0, lt=1 << 53, description="as estimated each time; twice the request's if left out"
    )


class Revoke(BaseModel):
    reason: str = Field(default="", max_length=500, description="needed from whoever decides", examples=["job is done"])


@router.post("", status_code=201)
async def allow(body: Allow, me: Me, found: Services) -> dict[str, Any]:
    """Draft a permit: that principal, that statement with any values, that destination. It is in force once the people
    whom the request needed approve it (`POST /requests/{id}/vote`); you cannot be one of them."""
    drafted = await found.permits.draft(
        body.request,
        until=body.until,
        drafter=as_voter(me),
        catalog_digest=found.catalog.digest,
        most_rows=body.max_rows,
    )
    return drafts.opened(drafted)


@router.get("")
async def list_permits(me: Me, found: Services, state: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Newest first; `state=APPROVED` for those in force."""
    views = await found.approvals.list(kind="policy", state=state.upper(), limit=min(limit, 500))
    return [shown(view) for view in views]


@router.post("/{permit_id}/revoke")
async def revoke(permit_id: str, body: Revoke, me: Me, found: Services) -> dict[str, Any]:
    """End it at once: whoever could ask takes it back, whoever may decide on it denies it. What is running runs on."""
    view = await found.approvals.get(permit_id)
    if isinstance(view, Refusal) or view.kind != "policy":
        raise Refused("there is no such permit", hint="lockgate policy allowed --state ''")
    result = await end(view, me, body.reason, found)
    await found.permits.refresh()
    return answer(result)
