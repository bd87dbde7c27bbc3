"""Who loosened a rule lately: read from the log's own events, so that nobody has to remember to say so."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from lockgate.errors import StoreError
from lockgate.store import KeyRing
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.tables.log import events

LOOSENING = ("policy.changed", "catalog.changed")
HOST = "host"
"""Whoever put a policy into the folder and started the server: `host`, or `host:` and a name of the machine's."""


def loosened_since(conn: Connection, connection: str, since_at: int, *, keys: KeyRing) -> frozenset[str]:
    """People behind changes of policy, or of this connection's catalog, since the instant.

    A change counts as loosening unless its event says `"loosened": false`: fail closed. StoreError: an event is not as
    Lockgate wrote it, so that nobody can say who it was.
    """
    people: set[str] = set()
    key = event_key(keys)
    query = select(events.c.id, events.c.leaf, events.c.mac).where(
        events.c.type.in_(LOOSENING), events.c.time_at >= since_at
    )
    for row in conn.execute(query):
        genuine = is_genuine(key, bytes(row.leaf), bytes(row.mac))
        leaf: dict[str, Any] = json.loads(bytes(row.leaf)) if genuine else {}
        if not genuine or leaf["id"] != row.id:
            raise StoreError("who changed a rule lately was changed behind Lockgate", hint="lockgate audit verify")
        body = leaf["body"]
        if body.get("loosened") is False or body.get("connection") not in (None, "", connection):
            continue
        people.update(str(body[key]) for key in ("by", "author", "actor") if body.get(key))
    return frozenset(people)


def is_host(name: str) -> bool:
    """Whether this is nobody of the directory, but whoever has the machine."""
    return name.partition(":")[0] == HOST
