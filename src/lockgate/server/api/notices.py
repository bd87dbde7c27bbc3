"""Notices that did not arrive: list them, and send one again. What people decide does not depend on any of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection

from lockgate.audit.event import Event
from lockgate.errors import Refused
from lockgate.server.api.guard import Admin, Services
from lockgate.store.outbox import revive, undelivered

router = APIRouter(prefix="/notices", tags=["notices"])


@router.get("/undelivered")
async def list_undelivered(me: Admin, found: Services) -> list[dict[str, Any]]:
    """Newest first: `dead` was given up after eight tries, `waiting` failed and is tried again at `due_at`."""
    return [asdict(one) for one in await found.store.read(undelivered)]


@router.post("/{message_id}/again")
async def again(message_id: str, me: Admin, found: Services) -> dict[str, str]:
    """Take a dead letter up anew."""
    store = found.store

    def unit(conn: Connection) -> tuple[bool, list[Event]]:
        return revive(conn, message_id, now_at=store.clock()), []

    if not await store.transact(unit):
        raise Refused("no such notice was given up", hint="lockgate requests undelivered")
    return {"id": message_id, "state": "waiting"}
