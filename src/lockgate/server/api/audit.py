"""The log: pages of events, the newest checkpoint, receipts, the public key."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from lockgate.errors import Refused
from lockgate.server.api.guard import Limit, Me, Services, as_voter
from lockgate.services.approvals import Refusal

router = APIRouter(prefix="/audit", tags=["audit"])

After = Annotated[int, Query(ge=0, lt=1 << 63, description="a sequence number, as an event has it")]


@router.get("/events")
async def events(
    me: Me, found: Services, after: After = 0, type: str = "", request: str = "", limit: Limit = 100
) -> list[dict[str, Any]]:
    """Oldest first, after a sequence number. Values appear as salted commitments, never as themselves."""
    return await found.log.events(after=after, kind=type, request=request, limit=min(limit, 1000))


class Erase(BaseModel):
    name: str = Field(max_length=64, description="an event, evt_…, or a request that is over, req_…")


@router.post("/erase")
async def erase(body: Erase, me: Me, found: Services) -> dict[str, int]:
    """Destroy the salts that open its commitments: for administrators and reviewers. The log stays whole."""
    result = await found.approvals.erase(body.name, by=as_voter(me))
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {"salts": result}


@router.get("/checkpoint", response_class=PlainTextResponse)
async def checkpoint(found: Services) -> str:
    """The newest signed checkpoint: keep it elsewhere, and nobody can cut the log short unseen."""
    return await found.log.checkpoint()


@router.get("/key", response_class=PlainTextResponse)
async def key(found: Services) -> str:
    """The public key that checkpoints are signed with."""
    return found.log.signer.verifier.to_text() + "\n"


@router.get("/events/{event_id}/proof", response_class=PlainTextResponse)
async def proof(event_id: str, me: Me, found: Services) -> str:
    """A receipt (tlog-proof) that checks offline."""
    return await found.log.wait_signed(event_id)
