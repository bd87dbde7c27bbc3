"""The log: pages of events, the newest checkpoint, receipts, the public key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from lockgate.server.api.guard import Me, Services

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("/events")
async def events(
    me: Me, found: Services, after: int = 0, type: str = "", request: str = "", limit: int = 100
) -> list[dict[str, Any]]:
    """Oldest first, after a sequence number. Values appear as salted commitments, never as themselves."""
    return await found.log.events(after=after, kind=type, request=request, limit=min(limit, 1000))


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
