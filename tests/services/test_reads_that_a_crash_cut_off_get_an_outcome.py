"""An intent without an outcome is one that runs; what a crash cut off is said to be unknown, at the next start."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from clinic import Clock, open_world
from lockgate.action import Decision, Effect, Question
from lockgate.services.approvals import Execution
from lockgate.services.shapes import Shapes
from lockgate.store import KeyRing, new_id
from lockgate.store.tables.log import events

KEYS = KeyRing.generate()


async def begins_reads(world):
    """One read by itself and one by shape; neither ends."""
    action = world.action(b"select 1", questions=(Question("sql.select", "clinic/public.patients"),))
    done = await world.approvals.record(action, Decision(Effect.ALLOW, action.classes, frozenset(), (), (), "p" * 64))
    assert isinstance(done, Execution)
    shapes = Shapes(world.store, new_id)
    shape = await shapes.open({"statement": "s"})
    shapes._task.cancel()  # it dies here
    return done, shape.execution


async def outcomes(world):
    query = select(events.c.leaf).where(events.c.type == "outcome").order_by(events.c.seq)
    leaves = await world.store.read(lambda conn: conn.execute(query).scalars().all())
    return {body["execution"]: body for leaf in leaves if (body := json.loads(bytes(leaf))["body"])}


async def test_what_a_dead_process_had_begun_is_unknown_and_said_once(store_url):
    async with open_world(store_url, KEYS, Clock()) as world:
        each, shape = await begins_reads(world)
        assert await outcomes(world) == {}
    async with open_world(store_url, KEYS, Clock()) as world:
        await world.approvals.recover()
        found = await outcomes(world)
        assert {name: (body["status"], body["code"]) for name, body in found.items()} == {
            each.execution_id: ("UNKNOWN", "recovered"),
            shape: ("UNKNOWN", "recovered"),
        }
        assert "rows" not in found[shape], "what nobody counted to its end is not said to be nothing"
        count = len(await world.events())
        await world.approvals.recover()
        assert len(await world.events()) == count


async def test_what_a_living_process_has_begun_is_left_alone_and_looked_at_later(store_url):
    async with open_world(store_url, KEYS, Clock()) as other:
        if other.store.dialect == "sqlite":
            pytest.skip("one process has an SQLite store")
        each, shape = await begins_reads(other)
        async with open_world(store_url, KEYS, Clock()) as world:
            await world.approvals.recover()
            assert await outcomes(world) == {}
            await other.approvals.finish_read(each, "SUCCEEDED", 1, 1)
    async with open_world(store_url, KEYS, Clock()) as world:
        await world.approvals.recover()
        found = await outcomes(world)
        assert (found[each.execution_id]["status"], found[shape]["status"]) == ("SUCCEEDED", "UNKNOWN")


async def test_an_outcome_that_is_not_genuine_hides_nothing(store_url):
    async with open_world(store_url, KEYS, Clock()) as world:
        _, shape = await begins_reads(world)
        leaf = json.dumps({"body": {"execution": shape, "status": "SUCCEEDED"}, "id": "evt_x", "type": "outcome"})
        row = {"id": "evt_x", "time_at": 1, "type": "outcome", "request": "", "leaf": leaf.encode(), "mac": b"0" * 32}
        await world.store.transact(lambda conn: (conn.execute(events.insert().values(**row)) and None, []))
    async with open_world(store_url, KEYS, Clock()) as world:
        await world.approvals.recover()
        assert (await outcomes(world))[shape]["status"] == "UNKNOWN"
