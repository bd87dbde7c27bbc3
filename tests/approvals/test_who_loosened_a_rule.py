"""The default source of rule 6's last clause: the log itself."""

from __future__ import annotations

from lockgate.audit.event import Event
from lockgate.services.approvals.changes import loosened_since


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
        return lambda conn: loosened_since(conn, "clinic", at)

    assert await world.store.read(since(world.clock())) == {"local:pat", "local:cat"}
    assert await world.store.read(since(world.clock() + 1)) == frozenset()
