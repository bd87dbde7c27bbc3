"""The history of a request as rows: each record under a MAC whose key is outside the store, and named in the log.

Whoever can write the store can take the last records away and put an older row back; what they cannot do is take
the same events out of the signed log without leaving a gap. `missing` looks for both.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from sqlalchemy import Connection, bindparam, func, insert, select

from lockgate.action import JSON
from lockgate.approvals import Request, history
from lockgate.approvals.events import Event as Happening
from lockgate.approvals.history import Doubt, Past
from lockgate.services.approvals.entries import Entry
from lockgate.store.seal import KeyRing
from lockgate.store.tables import approvals as t
from lockgate.store.tables import log as logs

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
_LOGGED = (
    select(logs.events.c.leaf, logs.events.c.mac)
    .where(logs.events.c.request == bindparam("id"))
    .order_by(logs.events.c.seq)
)
_LOG_SIZE = select(func.max(logs.checkpoints.c.size))
_SIGNED_SINCE = select(func.count()).where(
    logs.events.c.leaf_index >= bindparam("first"), logs.events.c.leaf_index < bindparam("end")
)


def begin(conn: Connection, keys: KeyRing, entry: Entry, proposed: Request, happening: Happening, now_at: int) -> None:
    """The first two records: the proposal, and what made it the entry that was just added."""
    size = conn.execute(_LOG_SIZE).scalar() or 0
    body = history.proposal(proposed, row=entry.digest(), log_size=size)
    _keep(conn, keys, entry.request.id, 1, body)
    entry.past, entry.examined = Past(proposed, entry.digest(), size, (history.hash_of(body),)), True
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


def missing(conn: Connection, keys: KeyRing, entry: Entry) -> str:
    """What the log knows of this request and the history does not, or what is gone from the log; empty if nothing."""
    past = entry.past
    assert past is not None
    mac_key = keys.derive("event-mac")
    proposed = False
    for row in conn.execute(_LOGGED, {"id": entry.request.id}):
        leaf = bytes(row.leaf)
        if not hmac.compare_digest(hmac.digest(mac_key, leaf, hashlib.sha256), bytes(row.mac)):
            return "an event of the log was changed"
        event = json.loads(leaf)
        body = event["body"]
        proposed = proposed or event["type"] in ("decision", "break_glass")
        number = body.get("number", 0)
        if number and (number > len(past.hashes) or past.hashes[number - 1] != body["record"]):
            return "the log knows of an event that its history does not"
    if not proposed:
        return "the log does not know of the request"
    end = conn.execute(_LOG_SIZE).scalar() or 0
    signed = conn.execute(_SIGNED_SINCE, {"first": past.log_size, "end": end}).scalar() or 0
    return "" if signed == end - past.log_size else "events are gone from the log"


def _keep(conn: Connection, keys: KeyRing, request_id: str, number: int, body: bytes) -> None:
    conn.execute(_KEEP, {"request": request_id, "number": number, "body": body, "mac": keys.mac(LABEL, body)})
