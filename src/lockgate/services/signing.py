"""Signing what an earlier version left without a MAC, once: after that, a store without them is an edited one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, inspect, select, update

from lockgate.action import JSON
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals
from lockgate.store.sealed import RESTORE, row_mac
from lockgate.store.tables.people import credentials, people
from lockgate.store.tables.seals import seals


def is_unsigned(conn: Connection) -> bool:
    """Whether there are people, and no seal over them."""
    if not inspect(conn).has_table(seals.name):
        return True
    sealed = select(seals.c.name).where(seals.c.name == "register")
    return conn.execute(select(people.c.id)).first() is not None and conn.execute(sealed).first() is None


def sign_unsigned(
    conn: Connection, accounts: Accounts, approvals: Approvals, body: dict[str, JSON]
) -> tuple[None, Sequence[Event]]:
    """Seal the register and what is lent, and sign the credentials, where that was never done; the event of the
    upgrade says which. StoreError: it was done, and the store has lost it."""
    desk = approvals.desk
    for sealed in (accounts.register, desk.lent):
        if sealed.is_known_to_log(conn):
            sealed.check(conn)
        else:
            body = {**body, sealed.name: sealed.reseal(conn)}
    rows = conn.execute(select(credentials).where(credentials.c.mac.is_(None))).all()
    if rows and accounts.register.name not in body:
        raise StoreError("the store has credentials that nobody minted", hint=RESTORE)
    for row in rows:
        mac = row_mac(desk.keys, credentials, row._asdict())
        conn.execute(update(credentials).where(credentials.c.id == row.id).values(mac=mac))
    return None, [Event("store.upgraded", body)]
