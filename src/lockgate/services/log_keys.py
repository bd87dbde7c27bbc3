"""The log's own public keys as the store knows them: the one in force, and by its events those before it."""

from __future__ import annotations

import json

from sqlalchemy import Connection, insert, select, update

from lockgate.audit import VerifierKey
from lockgate.audit.event import Event
from lockgate.store.event_mac import is_genuine
from lockgate.store.tables import log as t
from lockgate.store.tables.settings import settings

IN_FORCE = "log_public_key"


def in_force(conn: Connection) -> str:
    """The text of the key that the store names; empty where nothing was ever signed."""
    return str(conn.execute(select(settings.c.value).where(settings.c.name == IN_FORCE)).scalar() or "")


def publish(conn: Connection, key: VerifierKey, by: str) -> tuple[None, list[Event]]:
    """Put this key in force. The event comes before anything that the key signs, and is none where it is already."""
    known, text = in_force(conn), key.to_text()
    if known == text:
        return None, []
    if known:
        conn.execute(update(settings).where(settings.c.name == IN_FORCE).values(value=text))
    else:
        conn.execute(insert(settings).values(name=IN_FORCE, value=text))
    return None, [Event("log.key", {"before": known, "after": text, "by": by})]


def earlier_keys(conn: Connection, mac_key: bytes) -> list[VerifierKey]:
    """Public keys that this log was signed with before, from its own events of a change of key. What is not under the
    MAC of whoever writes here (`event_mac.event_key`) was not written by Lockgate, and names no key."""
    e = t.events
    rows = conn.execute(select(e.c.leaf, e.c.mac).where(e.c.type == "log.key").order_by(e.c.seq))
    leaves = [bytes(row.leaf) for row in rows if is_genuine(mac_key, bytes(row.leaf), bytes(row.mac))]
    texts = [str(json.loads(leaf)["body"].get("before", "")) for leaf in leaves]
    return [VerifierKey.from_text(text) for text in texts if text]
