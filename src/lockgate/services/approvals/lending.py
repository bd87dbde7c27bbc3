"""Lending one's place in a group, and taking it back."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from lockgate.action import JSON
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals import people as who
from lockgate.services.approvals.delegating import Delegation
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.entries import new_id
from lockgate.services.approvals.nouns import FORBIDDEN, Refusal, Voter
from lockgate.store.tables import approvals as t

LONGEST_S = 14 * 24 * 3600


def delegate(
    desk: Desk, conn: Connection, giver: Voter, receiver: str, group: str, ttl_s: int
) -> tuple[Delegation | Refusal, list[Event]]:
    """A member lends their own membership, never one that was lent to them."""
    now_at = desk.clock()
    people = who.look(desk, conn, now_at)
    if not giver.interactive or giver.token_has_act or group not in people.own_groups(giver.person_id):
        return Refusal(FORBIDDEN, "only a member who is logged in may lend a place in a group"), []
    account = people.accounts.get(receiver)
    if account is None or not account.human or not account.active:
        return Refusal(FORBIDDEN, "a place is lent to a person who has an account"), []
    if receiver in people.links.get(giver.person_id, frozenset({giver.person_id})):
        return Refusal(FORBIDDEN, "a place is lent to somebody else"), []
    if not 0 < ttl_s <= LONGEST_S:
        return Refusal(FORBIDDEN, "a place is lent for two weeks at most"), []
    lent = Delegation(new_id("dlg"), giver.person_id, receiver, group, now_at + ttl_s * SECOND)
    conn.execute(
        insert(t.delegations).values(
            id=lent.id,
            giver=lent.giver,
            receiver=receiver,
            group=group,
            from_at=now_at,
            until_at=lent.until_at,
            revoked=False,
        )
    )
    return lent, [
        Event(
            "delegation",
            {
                "delegation": lent.id,
                "on": True,
                "giver": lent.giver,
                "receiver": receiver,
                "group": group,
                "until_at": lent.until_at,
                "lent": desk.lent.reseal(conn),
            },
        )
    ]


def undelegate(desk: Desk, conn: Connection, delegation_id: str, giver: Voter) -> tuple[bool, list[Event]]:
    """Take it back; votes given under it no longer count at consumption."""
    table = t.delegations
    desk.lent.check(conn)
    row = conn.execute(select(table.c.giver, table.c.revoked).where(table.c.id == delegation_id)).first()
    if row is None or row.revoked or row.giver != giver.person_id or giver.token_has_act:
        return False, []
    conn.execute(update(table).where(table.c.id == delegation_id).values(revoked=True))
    body: dict[str, JSON] = {
        "delegation": delegation_id,
        "on": False,
        "giver": row.giver,
        "lent": desk.lent.reseal(conn),
    }
    return True, [Event("delegation", body)]
