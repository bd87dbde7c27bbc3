"""Reading the directory inside of a transaction: who there is, who owns what, who was shown a credential.

Who there is is read as the store has it: `Accounts.people` has the register's seal checked before.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, or_, select

from lockgate.errors import StoreError
from lockgate.identity import Person
from lockgate.store import KeyRing
from lockgate.store.sealed import is_row_genuine
from lockgate.store.tables import people as t


def people(conn: Connection) -> list[Person]:
    """Everybody, with the history that the rules of approval ask for."""
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    changes: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for row in conn.execute(select(t.memberships).order_by(t.memberships.c.id)):
        changes[row.person].append((row.joined_by, row.joined_at, row.group))
        if row.left_at:
            changes[row.person].append((row.left_by, row.left_at, row.group))
        else:
            groups[row.person][row.group] = row.joined_at
    linked: dict[str, set[str]] = defaultdict(set)
    for row in conn.execute(select(t.links)):
        linked[row.one].add(row.other)
        linked[row.other].add(row.one)
    return [
        Person(
            id=row.id,
            kind=row.kind,
            groups=groups[row.id],
            created_at=row.created_at,
            created_by=row.created_by,
            changed_by=tuple(changes[row.id]),
            active=row.active,
            linked=frozenset(linked[row.id]),
        )
        for row in conn.execute(select(t.people).order_by(t.people.c.id))
    ]


def person(conn: Connection, id: str) -> Person | None:
    return next((p for p in people(conn) if p.id == id), None)


def owners_now(conn: Connection, agent: str) -> frozenset[str]:
    rows = conn.execute(select(t.owners.c.owner).where(t.owners.c.agent == agent, t.owners.c.until_at == 0))
    return frozenset(row.owner for row in rows)


def owners_since(conn: Connection, agent: str, since_at: int) -> frozenset[str]:
    """Everybody who has owned the agent at any moment since."""
    rows = conn.execute(
        select(t.owners.c.owner).where(
            t.owners.c.agent == agent, or_(t.owners.c.until_at == 0, t.owners.c.until_at >= since_at)
        )
    )
    return frozenset(row.owner for row in rows)


def minters(conn: Connection, keys: KeyRing, credential: str) -> frozenset[str]:
    """Everybody who minted, and so was shown, the credential or a token of it. StoreError: one was changed."""
    rows = conn.execute(
        select(t.credentials).where(or_(t.credentials.c.id == credential, t.credentials.c.root == credential))
    ).all()
    if not all(is_row_genuine(keys, t.credentials, row) for row in rows):
        raise StoreError("a credential was changed behind Lockgate", hint="revoke it and mint another")
    return frozenset(row.minted_by for row in rows if row.minted_by)
