"""The history of a request as rows: each record under a MAC whose key is outside of the store."""

from __future__ import annotations

import json

from sqlalchemy import Connection, bindparam, insert, select

from lockgate.action import JSON
from lockgate.approvals import Request, history
from lockgate.approvals.events import Event as Happening
from lockgate.approvals.history import Doubt, Past
from lockgate.services.approvals.entries import Entry
from lockgate.store.seal import KeyRing
from lockgate.store.tables import approvals as t

LABEL = "request-event"
MOST_EVENTS = 2000
"""From here on comings and goings are not written down any more: a history is read whole at each change."""

# Built once: building a statement costs several times what running it does.
_KEEP = insert(t.request_events)
_READ = (
    select(t.request_events.c.number, t.request_events.c.body, t.request_events.c.mac)
    .where(t.request_events.c.request == bindparam("id"))
    .order_by(t.request_events.c.number)
)


def begin(
    conn: Connection,
    keys: KeyRing,
    entry: Entry,
    proposed: Request,
    happening: Happening,
    now_at: int,
    *,
    log_size: int,
) -> None:
    """The first two records: the proposal, and what made it the entry that was just added.

    `log_size` is a size that the signed log is known to have had; from there on it may have no gap.
    """
    body = history.proposal(proposed, row=entry.digest(), log_size=log_size)
    _keep(conn, keys, entry.request.id, 1, body)
    entry.past, entry.examined = Past(proposed, entry.digest(), log_size, (history.hash_of(body),)), True
    append(conn, keys, entry, happening, now_at)


def append(conn: Connection, keys: KeyRing, entry: Entry, happening: Happening, at: int) -> None:
    """One more record; the entry already has the state that it led to."""
    past = entry.past
    assert past is not None
    row = entry.digest()
    number = len(past.hashes) + 1
    body = history.record(entry.request.id, number, at, past.hashes[-1], row, happening)
    _keep(conn, keys, entry.request.id, number, body)
    entry.past = Past(entry.request, row, past.log_size, (*past.hashes, history.hash_of(body)))


def full(entry: Entry) -> bool:
    return entry.past is not None and len(entry.past.hashes) >= MOST_EVENTS


def named(entry: Entry) -> dict[str, JSON]:
    """The last record, as an event of the log names it."""
    assert entry.past is not None
    return {"number": len(entry.past.hashes), "record": entry.past.hashes[-1]}


def read(conn: Connection, keys: KeyRing, entry: Entry) -> Past | Doubt:
    """The history, if it is whole and adds up to what the row says."""
    bodies = []
    for number, row in enumerate(conn.execute(_READ, {"id": entry.request.id}), 1):
        body = bytes(row.body)
        if row.number != number:
            return Doubt("an event is missing")
        if not keys.made(LABEL, body, bytes(row.mac)):
            return Doubt("an event is not under our MAC")
        bodies.append(body)
    found = history.rebuild(entry.request.id, bodies)
    if isinstance(found, Past):
        if found.request != entry.request:
            return Doubt("its row is not what its events add up to")
        if found.row != entry.digest():
            return Doubt("what is kept beside its state was changed")
    return found


def proposed_at_size(conn: Connection, request_id: str) -> int:
    """The size of the signed log that the first record names, not yet believed; -1 where there is none to read."""
    row = conn.execute(_READ, {"id": request_id}).first()
    try:
        return -1 if row is None else int(json.loads(bytes(row.body))["event"]["log_size"])
    except (KeyError, TypeError, ValueError):
        return -1


def _keep(conn: Connection, keys: KeyRing, request_id: str, number: int, body: bytes) -> None:
    conn.execute(_KEEP, {"request": request_id, "number": number, "body": body, "mac": keys.mac(LABEL, body)})
