"""What a server finds in its folder when it starts: another policy than the last on record is a change by the host."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, select, update

from clinic import Clock, World, open_world, read_events
from lockgate.audit.event import Event
from lockgate.policy import parse
from lockgate.policy.permits import FOLDER
from lockgate.services import policy_versions
from lockgate.store import KeyRing
from lockgate.store.tables.log import events
from lockgate.store.tables.policy import policy_versions as versions

PROFILES = "profiles: {one: {stages: [{group: privacy}]}}"
READS = '@id("reads")\npermit (principal, action == Action::"sql.select", resource);\n'
WRITES = READS + '@id("writes")\npermit (principal, action == Action::"sql.write", resource);\n'
STRICT = parse({"profiles.yaml": PROFILES, "a.cedar": READS})
LOOSE = parse({"profiles.yaml": PROFILES, "a.cedar": WRITES})
ALLOWED = parse({**STRICT.files, f"{FOLDER}one.cedar": READS.replace("reads", "allowed")})


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    async with open_world(store_url, KeyRing.generate(), Clock()) as opened:
        yield opened


async def start(world, policies):
    """The change on record that this start makes, if any."""
    before = len(await changes(world))
    keys = world.approvals.desk.keys
    await world.store.transact(
        lambda conn: policy_versions.keep_at_start(conn, policies, keys=keys, by="host:ops", now_at=world.clock())
    )
    return (await changes(world))[before:]


async def changes(world):
    return [body for kind, body in await read_events(world.store) if kind == "policy.changed"]


async def test_the_first_start_is_on_record_and_loosens_nothing(world):
    (first,) = await start(world, LOOSE)
    assert (first["before"], first["after"], first["loosened"]) == ("", LOOSE.digest, False)
    assert await start(world, LOOSE) == []


async def test_going_back_to_an_earlier_looser_policy_is_on_record(world):
    await start(world, LOOSE)
    await start(world, STRICT)
    (back,) = await start(world, LOOSE)
    assert (back["by"], back["before"], back["after"]) == ("host:ops", STRICT.digest, LOOSE.digest)
    assert back["changes"]["policies"] == {"added": ["writes"], "removed": [], "changed": []}
    assert "loosened" not in back, "it counts as loosening"


async def test_what_was_reloaded_is_what_the_next_start_compares_with(world):
    await start(world, LOOSE)
    event = policy_versions.changed(LOOSE, STRICT, by="local:root")
    await world.store.transact(lambda conn: (policy_versions.keep(conn, STRICT, now_at=1), [event]))
    assert await start(world, STRICT) == []
    assert len(await start(world, LOOSE)) == 1


async def test_a_permit_that_begins_or_ends_meanwhile_is_no_change_by_the_host(world):
    await start(world, STRICT)
    assert await start(world, ALLOWED) == []
    assert await start(world, STRICT) == []


async def test_an_edited_version_does_not_pass_for_the_one_before(world):
    await start(world, STRICT)

    def edit(conn):
        loose = "\n".join(conn.execute(select(versions.c.files)).scalars()).replace("sql.select", "sql.write")
        conn.execute(update(versions).values(files=loose))
        return None, []

    await world.store.transact(edit)
    (change,) = await start(world, LOOSE)
    assert change["before"] == STRICT.digest
    assert "changes" not in change, "nobody can say any more what it was"


async def test_versions_that_are_gone_hide_no_change(world):
    await start(world, STRICT)
    await world.store.transact(lambda conn: (conn.execute(delete(versions)) and None, []))
    assert len(await start(world, LOOSE)) == 1


async def test_an_edited_event_hides_no_change(world):
    await start(world, STRICT)

    def edit(conn):
        conn.execute(update(events).where(events.c.type == "policy.changed").values(mac=b"x" * 32))
        return None, []

    await world.store.transact(edit)
    assert len(await start(world, STRICT)) == 1


async def test_a_store_of_an_earlier_version_goes_by_the_newest_it_kept(world):
    await world.store.transact(lambda conn: (policy_versions.keep(conn, STRICT, now_at=1), [Event("x", {})]))
    assert await start(world, STRICT) == []
    (change,) = await start(world, LOOSE)
    assert change["before"] == STRICT.digest
