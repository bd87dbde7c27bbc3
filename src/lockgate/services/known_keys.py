"""Which keys this installation works with beside the log's own (`Log.publish_key`): their fingerprints are kept, and a
change of one is an event."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from lockgate.audit.event import Event
from lockgate.store.tables.settings import settings as t


def note(conn: Connection, fingerprints: dict[str, str]) -> tuple[None, list[Event]]:
    """Compare with what was in use before: `fingerprints` by what the key is for (`sealing`)."""
    log: list[Event] = []
    for use, fingerprint in sorted(fingerprints.items()):
        name = f"key.{use}"
        before = conn.execute(select(t.c.value).where(t.c.name == name)).scalar()
        if before == fingerprint:
            continue
        if before is None:
            conn.execute(insert(t).values(name=name, value=fingerprint))
        else:
            conn.execute(update(t).where(t.c.name == name).values(value=fingerprint))
        log.append(Event("key.changed", {"use": use, "from": before or "", "to": fingerprint}))
    return None, log
