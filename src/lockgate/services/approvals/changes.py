"""Who loosened a rule lately: read from the log's own events, so that nobody has to remember to say so."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from lockgate.store.tables.log import events

LOOSENING = ("policy.changed", "catalog.changed")


def loosened_since(conn: Connection, connection: str, since_at: int) -> frozenset[str]:
    """People behind changes of policy, or of this connection's catalog, since the instant.

    A change counts as loosening unless its event says `"loosened": false`: fail closed.
    """
    people: set[str] = set()
    query = select(events.c.leaf).where(events.c.type.in_(LOOSENING), events.c.time_at >= since_at)
    for leaf in conn.execute(query).scalars():
        body = json.loads(bytes(leaf))["body"]
        if body.get("loosened") is False or body.get("connection") not in (None, "", connection):
            continue
        people.update(str(body[key]) for key in ("by", "author", "actor") if body.get(key))
    return frozenset(people)
