"""The default source of rule 6's last clause: the log itself."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from clinic import START
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals import Refusal
from lockgate.services.approvals.changes import loosened_since
from lockgate.store.tables.log import events


async def test_changes_of_policy_and_of_this_connections_catalog_count(world):
    written = [
        Event("policy.changed", {"by": "local:pat"}),
        Event("policy.changed", {"by": "local:strict", "loosened": False}),
        Event("catalog.changed", {"by": "local:cat", "connection": "clinic"}),
        Event("catalog.changed", {"by": "local:else", "connection": "billing"}),
        Event("vote", {"by": "local:voter"}),
    ]
    await world.store.transact(lambda conn: (None, written))

    def since(at):
        return lambda conn: loosened_since(conn, "clinic", at, keys=world.approvals.desk.keys)

    assert await world.store.read(since(world.clock())) == {"local:pat", "local:cat"}
    assert await world.store.read(since(world.clock() + 1)) == frozenset()


@pytest.mark.parametrize("forged", [{"loosened": False}, {"by": "local:omar"}])
async def test_an_event_that_was_edited_to_hide_somebody_lets_nobody_ask(world, forged):
    await world.store.transact(lambda conn: (None, [Event("policy.changed", {"by": "local:rita"})]))

    def edit(conn):
        leaf = json.loads(bytes(conn.execute(select(events.c.leaf).where(events.c.type == "policy.changed")).scalar()))
        leaf["body"] |= forged
        changed = json.dumps(leaf, separators=(",", ":"), sort_keys=True).encode()
        conn.execute(update(events).where(events.c.type == "policy.changed").values(leaf=changed))
        return None, []

    await world.store.transact(edit)
    with pytest.raises(StoreError):
        await world.store.read(
            lambda conn: loosened_since(conn, "clinic", START, keys=world.approvals.desk.keys),
        )


async def test_an_event_of_another_in_its_place_lets_nobody_ask(world):
    """Its MAC is right, but it is not the event of this row."""
    await world.store.transact(lambda conn: (None, [Event("policy.changed", {"by": "local:rita"})]))
    await world.store.transact(lambda conn: (None, [Event("policy.changed", {"by": "x", "loosened": False})]))

    def swap(conn):
        first, second = conn.execute(select(events).where(events.c.type == "policy.changed").order_by(events.c.seq))
        values = {"leaf": second.leaf, "mac": second.mac}
        conn.execute(update(events).where(events.c.seq == first.seq).values(**values))
        return None, []

    await world.store.transact(swap)
    with pytest.raises(StoreError):
        await world.store.read(
            lambda conn: loosened_since(conn, "clinic", START, keys=world.approvals.desk.keys),
        )


async def test_a_change_that_nobody_put_their_name_to_counts_against_every_administrator(world):
    world.loosened.add("host:lockgate")
    opened = await world.opened()
    refused = await world.vote("petra", opened.request_id)
    assert isinstance(refused, Refusal)
    assert "loosened" in refused.message
    assert (await world.vote("rita", opened.request_id)).state == "APPROVED"
