"""After a restore: what was given up, and two people who accept it before anything held executes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from lockgate.errors import Refused
from lockgate.server.api.guard import Me, Services, as_voter
from lockgate.services.approvals import Refusal, Restore

router = APIRouter(prefix="/restore", tags=["restore"])


def shown(restore: Restore) -> dict[str, Any]:
    return {"event": restore.event, "at": restore.at, "accepted": list(restore.accepted), "open": restore.open} | {
        key: restore.body.get(key) for key in ("size", "given_up", "voided", "by")
    }


@router.get("")
async def last_restore(me: Me, found: Services) -> dict[str, Any] | None:
    """The last restore, or null."""
    restore = await found.approvals.restored()
    return None if restore is None else shown(restore)


@router.post("/accept")
async def accept(me: Me, found: Services) -> dict[str, Any]:
    """One of two people, administrators or reviewers since before the restore, accepts the store as it was put back."""
    result = await found.approvals.accept_restore(as_voter(me))
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return shown(result)
