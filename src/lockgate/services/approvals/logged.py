"""What the log knows of a request, to be held against the request's history.

Whoever can write the store can take the last records of a history away and put an older row back; what they cannot do
is take the same events out of the signed log without leaving a gap. The log is asked before the unit that executes, in
a transaction of its own: what it knows can only become more, and every commit would conflict with whoever reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from lockgate.approvals.history import Past
from lockgate.services.approvals.entries import Entry, load
from lockgate.services.approvals.past import proposed_at_size
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.seal import KeyRing
from lockgate.store.tables import log as t

PROPOSALS = ("decision", "break_glass")

_ABOUT = select(t.events.c.leaf, t.events.c.mac).where(t.events.c.request == bindparam("id")).order_by(t.events.c.seq)
_SIZE = select(func.max(t.checkpoints.c.size))
_SIGNED = select(func.count()).where(
    t.events.c.leaf_index >= bindparam("first"), t.events.c.leaf_index < bindparam("end")
)


@dataclass(frozen=True, slots=True)
class Known:
    """Of one request: the records that its events name, and whether the signed log is whole since `log_size`.

    `doubt` says what is wrong with the log itself.
    """

    log_size: int
    named: tuple[tuple[int, str], ...] = ()
    doubt: str = ""


def size(conn: Connection) -> int:
    """How many events the newest checkpoint covers."""
    return int(conn.execute(_SIZE).scalar() or 0)


def ask(conn: Connection, keys: KeyRing, request_id: str) -> dict[str, Known]:
    """By id: what the log knows of the request, and of the standing grant that covers it."""
    entry = load(conn, request_id)
    ids = [request_id, *([str(entry.facts["standing"])] if entry is not None and entry.facts.get("standing") else [])]
    return {one: _known(conn, keys, one) for one in ids}


def missing(known: Mapping[str, Known], entry: Entry) -> str:
    """What the log knows and the history does not, or what is gone from the log; empty if nothing."""
    past, found = entry.past, known.get(entry.request.id)
    assert past is not None
    if found is None or found.log_size != past.log_size:
        return "the log was not asked about it"
    if found.doubt:
        return found.doubt
    return "" if all(_has(past, *one) for one in found.named) else "the log knows of an event that its history does not"


def _has(past: Past, number: int, record: str) -> bool:
    return 0 < number <= len(past.hashes) and past.hashes[number - 1] == record


def _known(conn: Connection, keys: KeyRing, request_id: str) -> Known:
    since = proposed_at_size(conn, request_id)
    mac_key = event_key(keys)
    named: list[tuple[int, str]] = []
    proposed = False
    for row in conn.execute(_ABOUT, {"id": request_id}):
        leaf = bytes(row.leaf)
        if not is_genuine(mac_key, leaf, bytes(row.mac)):
            return Known(since, (), "an event of the log was changed")
        event = json.loads(leaf)
        proposed = proposed or event["type"] in PROPOSALS
        if "record" in event["body"]:
            named.append((event["body"]["number"], event["body"]["record"]))
    if not proposed:
        return Known(since, (), "the log does not know of the request")
    end = size(conn)
    signed = int(conn.execute(_SIGNED, {"first": since, "end": end}).scalar() or 0)
    return Known(since, tuple(named), "" if signed == end - since else "events are gone from the log")
