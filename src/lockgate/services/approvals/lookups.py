"""How many records a principal has looked up in the last hour, over all its sessions and all gateways of the store.

A look-up tells whether somebody is a patient. Policy allows it for single records; a list of them is an export.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select, update

from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.nouns import FORBIDDEN, Refusal
from lockgate.store.tables.approvals import lookups as t

MINUTE_US = 60_000_000
HOUR_MINUTES = 60


def refuse_or_count(desk: Desk, conn: Connection, principal: str, count: int) -> Refusal | None:
    """Count these look-ups as made, in the transaction of their intent; or say why they are not made."""
    if not count:
        return None
    minute = desk.clock() // MINUTE_US
    conn.execute(delete(t).where(t.c.principal == principal, t.c.minute <= minute - HOUR_MINUTES))
    made = conn.execute(select(func.coalesce(func.sum(t.c.count), 0)).where(t.c.principal == principal)).scalar_one()
    most = desk.rules.lookups_per_hour
    if made + count > most:
        return Refusal(
            FORBIDDEN,
            f"at most {most} records may be looked up within an hour: {made} were, and this asks for {count}",
            "ask for fewer, wait, or ask for the list as an export that somebody approves",
        )
    mine = (t.c.principal == principal) & (t.c.minute == minute)
    if conn.execute(update(t).where(mine).values(count=t.c.count + count)).rowcount == 0:
        conn.execute(insert(t).values(principal=principal, minute=minute, count=count))
    return None
