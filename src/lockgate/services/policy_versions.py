"""Policy sets as they were in force: kept before the first decision that names them, as long as the log."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from lockgate.action import canonical
from lockgate.audit.event import Event
from lockgate.policy import PolicySet
from lockgate.store.tables.policy import policy_versions as t


def keep(conn: Connection, policies: PolicySet, *, now_at: int) -> None:
    """Keep this version, once."""
    if conn.execute(select(t.c.digest).where(t.c.digest == policies.digest)).first() is None:
        files = canonical(dict(policies.files)).decode()
        conn.execute(insert(t).values(digest=policies.digest, files=files, first_at=now_at))


def keep_at_start(conn: Connection, policies: PolicySet, *, now_at: int) -> tuple[None, list[Event]]:
    """Keep the version that a server starts with; one that differs from the last change on record is a change too."""
    last = conn.execute(select(t.c.digest).order_by(t.c.first_at.desc()).limit(1)).scalar()
    known = conn.execute(select(t.c.digest).where(t.c.digest == policies.digest)).first() is not None
    keep(conn, policies, now_at=now_at)
    if last is None or known:
        return None, []
    return None, [Event("policy.changed", {"by": "host", "before": last, "after": policies.digest, "topic": "policy"})]


def version(conn: Connection, digest: str) -> Mapping[str, str] | None:
    """The files of a version by name; None for one that was in force before versions were kept."""
    files = conn.execute(select(t.c.files).where(t.c.digest == digest)).scalar()
    return None if files is None else {str(k): str(v) for k, v in json.loads(files).items()}
