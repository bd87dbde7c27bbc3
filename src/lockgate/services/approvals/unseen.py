"""Reads that a crash cut off: their intents are in the log and nobody will write their outcome.

The store tracks what may have had an effect (`executing`); of a read there is only its intent. So the log itself is
read, once at start and from where the last look ended: an intent without an outcome whose process lives no more gets
one that says so. Otherwise "running" and "cut off months ago" would look alike for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from lockgate.approvals import Status
from lockgate.audit.event import Event
from lockgate.store.event_mac import is_genuine
from lockgate.store.tables.log import events as logged
from lockgate.store.tables.settings import settings

SEEN_TO = "outcomes_seen_to"
RECOVERED = "reads_recovered:"
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An intent without an outcome: the execution, whose it is, and its place among the events."""

    execution: str
    instance: str
    mode: str
    seq: int


def unfinished(conn: Connection, mac_key: bytes) -> tuple[list[Unfinished], int]:
    """Those since the last look, and how far this one has read. An event that is not ours says nothing."""
    start = int(conn.execute(select(settings.c.value).where(settings.c.name == SEEN_TO)).scalar() or 0)
    query = (
        select(logged.c.seq, logged.c.type, logged.c.leaf, logged.c.mac)
        .where(logged.c.seq > start, logged.c.type.in_(("intent", "outcome")))
        .order_by(logged.c.seq)
    )
    found: dict[str, Unfinished] = {}
    end = start
    for row in conn.execute(query, execution_options={"yield_per": AT_ONCE}):
        end = row.seq
        leaf = bytes(row.leaf)
        if not is_genuine(mac_key, leaf, bytes(row.mac)):
            continue
        body = json.loads(leaf)["body"]
        execution = str(body["execution"])
        if row.type == "intent":
            found[execution] = Unfinished(execution, str(body.get("instance", "")), str(body["mode"]), row.seq)
        else:
            found.pop(execution, None)
    return list(found.values()), end


def claim(conn: Connection, instance: str) -> bool:
    """Whether nobody else has said it for this process: all who share the store find it dead at the same time. Of two
    that ask at once, one's transaction fails, and finds the other's word when it tries again."""
    name = RECOVERED + instance
    if conn.execute(select(settings.c.value).where(settings.c.name == name)).first() is not None:
        return False
    conn.execute(insert(settings).values(name=name, value="1"))
    return True


def say(conn: Connection, lost: Sequence[Unfinished]) -> tuple[None, list[Event]]:
    """What nobody saw end is UNKNOWN; how much of it had left, nobody counted to the end."""
    body = {"status": Status.UNKNOWN.value, "code": "recovered"}
    return None, [Event("outcome", {"execution": one.execution, "mode": one.mode, **body}) for one in lost]


def seen(conn: Connection, running: Iterable[Unfinished], end: int) -> tuple[None, list[Event]]:
    """The next look begins before the first that still runs."""
    upto = str(min((one.seq - 1 for one in running), default=end))
    changed = conn.execute(update(settings).where(settings.c.name == SEEN_TO).values(value=upto))
    if not changed.rowcount:
        conn.execute(insert(settings).values(name=SEEN_TO, value=upto))
    return None, []
