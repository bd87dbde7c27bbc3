"""Callers whose process died: nobody says that they have left, so whoever finds the process dead says it for them."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import Connection, select

from lockgate.approvals import Status, events
from lockgate.audit.event import Event
from lockgate.services.approvals import voting
from lockgate.services.approvals.desk import Desk
from lockgate.store.tables import approvals as t


def waiting(conn: Connection) -> dict[str, tuple[str, ...]]:
    """Request → the instances whose callers wait for it, one for each caller; of all that wait for people.

    Read from the rows alone, since it is asked every few seconds: `left` believes nothing without its history.
    """
    pending = select(t.requests.c.id, t.requests.c.state).where(t.requests.c.status == Status.PENDING.value)
    found = {row.id: _named(row.state) for row in conn.execute(pending)}
    return {request_id: names for request_id, names in found.items() if names}


def left(desk: Desk, conn: Connection, request_id: str, instances: Collection[str]) -> tuple[None, list[Event]]:
    """The callers of these instances, all that there are, have left the request."""
    log: list[Event] = []
    for instance in sorted(set(instances)):
        log += voting.happened(desk, conn, request_id, events.CallerLeft(instance, died=True))[1]
    return None, log


def _named(state: str) -> tuple[str, ...]:
    """Nobody, where the row was edited: whoever decides or sweeps finds that out."""
    try:
        body = json.loads(state)
    except ValueError:
        return ()
    names = body.get("waiting") if isinstance(body, dict) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
