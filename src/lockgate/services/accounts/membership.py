"""Joining and leaving groups inside of a transaction; who did it and when stays."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from lockgate.store.tables import people as t


def join(conn: Connection, account: str, group: str, by: str, now_at: int) -> None:
    conn.execute(
        insert(t.memberships).values(person=account, group=group, joined_at=now_at, joined_by=by, left_at=0, left_by="")
    )


def leave(conn: Connection, account: str, group: str | None, by: str, now_at: int) -> None:
    """Out of one group, or of every one."""
    where = [t.memberships.c.person == account, t.memberships.c.left_at == 0]
    where += [] if group is None else [t.memberships.c.group == group]
    conn.execute(update(t.memberships).where(*where).values(left_at=now_at, left_by=by))
