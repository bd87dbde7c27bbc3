"""Policy sets as they were in force: kept before the first decision that names them, as long as the log.

Which one was in force last is not asked of rows that could be edited, but of the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from lockgate.action import JSON, canonical
from lockgate.audit.event import Event
from lockgate.errors import PolicyError
from lockgate.policy import PolicySet, parse
from lockgate.store import KeyRing
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.tables.log import events
from lockgate.store.tables.policy import policy_versions as t

CHANGED = "policy.changed"


def keep(conn: Connection, policies: PolicySet, *, now_at: int) -> None:
    """Keep this version, once."""
    if conn.execute(select(t.c.digest).where(t.c.digest == policies.digest)).first() is None:
        files = canonical(dict(policies.files)).decode()
        conn.execute(insert(t).values(digest=policies.digest, files=files, first_at=now_at))


def changed(before: PolicySet, after: PolicySet, *, by: str) -> Event:
    """The event of another set being put in force."""
    body = _body(before.digest, after, by)
    return Event(CHANGED, {**body, "changes": after.changes_from(before)})


def keep_at_start(
    conn: Connection, policies: PolicySet, *, keys: KeyRing, by: str, now_at: int
) -> tuple[None, list[Event]]:
    """Keep the version that a server starts with. One whose folder is not as the last change on record left it is a
    change too, also where it had been in force before that."""
    last = _last(conn, keys)
    newest = conn.execute(select(t.c.digest).order_by(t.c.first_at.desc()).limit(1)).scalar()
    keep(conn, policies, now_at=now_at)
    if last is None and newest is None:
        # Nothing was in force before, so nothing was loosened.
        return None, [Event(CHANGED, {**_body("", policies, by), "loosened": False})]
    if last is None:  # written by a version that had no event of its first start
        last = {"after": newest}
    before = str(last.get("after", ""))
    if before == policies.digest or last.get("folder") == policies.folder_digest:
        return None, []
    old = _parsed(conn, before, last)
    return None, [changed(old, policies, by=by) if old else Event(CHANGED, _body(before, policies, by))]


def version(conn: Connection, digest: str) -> Mapping[str, str] | None:
    """The files of a version by name; None for one that was in force before versions were kept."""
    files = conn.execute(select(t.c.files).where(t.c.digest == digest)).scalar()
    return None if files is None else {str(k): str(v) for k, v in json.loads(files).items()}


def _last(conn: Connection, keys: KeyRing) -> Mapping[str, Any] | None:
    """What the log says was put in force last, permits apart; None where it says nothing, and empty where what it says
    is not as Lockgate wrote it."""
    key = event_key(keys)
    query = select(events.c.id, events.c.leaf, events.c.mac).where(events.c.type == CHANGED)
    for row in conn.execute(query.order_by(events.c.seq.desc())):
        if not is_genuine(key, bytes(row.leaf), bytes(row.mac)):
            return {}
        leaf: dict[str, Any] = json.loads(bytes(row.leaf))
        if leaf["id"] != row.id:
            return {}
        if "after" in leaf["body"]:
            return dict(leaf["body"])
    return None


def _parsed(conn: Connection, digest: str, last: Mapping[str, Any]) -> PolicySet | None:
    """The set of this digest, where what is kept of it is really that; None where it is not, or cannot be read."""
    try:
        old = parse(version(conn, digest) or {})
    except PolicyError:
        return None
    return old if digest == old.digest or last.get("folder") == old.folder_digest else None


def _body(before: str, after: PolicySet, by: str) -> dict[str, JSON]:
    return {
        "by": by,
        "before": before,
        "after": after.digest,
        "folder": after.folder_digest,
        "topic": "policy",
    }
