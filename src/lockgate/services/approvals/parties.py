"""Whose doing something was: also where nobody votes, nobody judges of their own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from lockgate.approvals.conflict import OWNED_SINCE_S, may_be_one
from lockgate.approvals.model import SECOND
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.entries import load, texts
from lockgate.store.tables import approvals as t


def behind(conn: Connection, name: str) -> frozenset[str]:
    """Who asked for, acts in, edited or ran what has this name: a request's id or an execution's."""
    mine = (t.executions.c.id == name) | (t.executions.c.request == name)
    rows = conn.execute(select(t.executions.c.principal, t.executions.c.request).where(mine)).all()
    named = {str(row.principal) for row in rows}
    for request in {row.request for row in rows if row.request} | {name}:
        entry = load(conn, request)
        if entry is not None:
            named |= {entry.principal, *texts(entry.facts.get("everyone")), *texts(entry.facts.get("editors"))}
    return frozenset(named)


def is_party(desk: Desk, conn: Connection, people: who.People, person: str, named: Iterable[str]) -> bool:
    """Whether this human, by whichever of their accounts, is one of those named or answers for one: owns it, or has
    owned it within thirty days; or may be, by an account of another issuer that nobody has linked."""
    human = people.links.get(person, frozenset({person}))
    since_at = people.now_at - OWNED_SINCE_S * SECOND
    names = {name for name in named if name}
    for name in list(names):
        account = people.accounts.get(name)
        if account is not None and not account.human:
            names |= desk.directory.owners_since(conn, name, since_at)
    humans = [name for name in names if (account := people.accounts.get(name)) is not None and account.human]
    return bool(human & names) or any(may_be_one(human, people.links[name]) for name in humans)
