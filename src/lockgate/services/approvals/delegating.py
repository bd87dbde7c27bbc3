"""Delegations as they stand: somebody lends their place in a group for a time, checked again at every use."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from lockgate.store.tables import approvals as t


@dataclass(frozen=True, slots=True)
class Delegation:
    """`receiver` decides in `giver`'s place for `group`; together they still are one voter."""

    id: str
    giver: str
    receiver: str
    group: str
    until_at: int


def in_force(conn: Connection, now_at: int) -> dict[str, tuple[tuple[str, str], ...]]:
    """Receiver → (giver, group) of what is in force at this instant."""
    table = t.delegations
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in conn.execute(
        select(table.c.giver, table.c.receiver, table.c.group)
        .where(table.c.revoked.is_(False), table.c.from_at <= now_at, table.c.until_at > now_at)
        .order_by(table.c.id)
    ):
        found[row.receiver] = (*found.get(row.receiver, ()), (row.giver, row.group))
    return found
