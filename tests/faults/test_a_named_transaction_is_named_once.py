"""PostgreSQL dies between the naming of a transaction and its write: the name is never another transaction's."""

from __future__ import annotations

from world import World

from lockgate.gateways.postgres.session.own_transaction import ASK, FLUSHED


def test_a_name_that_was_given_is_not_given_again(world: World):
    world.revive()
    first = world.direct()
    first.execute("BEGIN")
    name = first.execute(ASK + FLUSHED).fetchone()[0]
    world.kill_postgres()
    first.close()
    world.revive()
    with world.direct() as direct:
        later = {direct.execute("SELECT pg_current_xact_id()::text").fetchone()[0] for _ in range(5)}
        assert name not in later
        assert direct.execute("SELECT pg_xact_status(%s::xid8)", (name,)).fetchone() == ("aborted",)
