"""Processes that share a store: what one has begun is its own while it lives, and is found once it was killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from clinic import Clock, World, open_world
from lockgate.services.approvals import Execution, Refusal
from lockgate.store import KeyRing
from lockgate.store.seal import new_key_line
from lockgate.store.tables.approvals import executions

BEGIN = """
import asyncio, sys
from clinic import Clock, open_world
from lockgate.store import KeyRing

async def main():
    async with open_world(sys.argv[1], KeyRing.parse(sys.argv[2]), Clock()) as world:
        opened = await world.approved()
        print((await world.consume(opened.request_id)).execution_id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def key():
    return new_key_line()


@contextlib.asynccontextmanager
async def another(store_url: str, key: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A process of its own that has begun an execution, and that execution's id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BEGIN, store_url, key,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def status(world: World, execution: str) -> str:
    query = select(executions.c.status).where(executions.c.id == execution)
    found = await world.store.read(lambda conn: conn.execute(query).scalar())
    return str(found)


async def test_starting_a_second_touches_nothing_of_the_first(store_url, key):
    async with another(store_url, key) as (_, execution), open_world(store_url, KeyRing.parse(key), Clock()) as second:
        assert await second.approvals.recover() == 0
        assert await second.approvals.recover_lost() == 0
        assert await status(second, execution) == "EXECUTING"


async def test_what_a_killed_process_began_is_found_by_another(store_url, key):
    async with (
        another(store_url, key) as (process, execution),
        open_world(store_url, KeyRing.parse(key), Clock()) as second,
    ):
        assert await second.approvals.recover() == 0
        process.send_signal(signal.SIGKILL)
        await process.wait()
        while not await second.approvals.recover_lost():  # PostgreSQL misses its client a moment later
            await asyncio.sleep(0.01)
        assert await status(second, execution) == "UNKNOWN"
        said = [body for kind, body in await second.events() if kind == "outcome"]
        assert [(body["execution"], body["code"]) for body in said] == [(execution, "recovered")]


async def test_what_a_killed_process_began_is_found_at_the_next_start(store_url, key):
    async with another(store_url, key) as (process, execution):
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with open_world(store_url, KeyRing.parse(key), Clock()) as second:
        while await status(second, execution) == "EXECUTING":
            await second.approvals.recover()
        assert await status(second, execution) == "UNKNOWN"


async def test_what_an_older_version_began_has_no_living_process(store_url, key):
    """It named every process alike."""
    keys = KeyRing.parse(key)
    async with open_world(store_url, keys, Clock()) as old:
        opened = await old.approved()
        done = await old.consume(opened.request_id)
        await old.store.transact(lambda conn: (conn.execute(update(executions).values(instance="lockgate")), []))
    async with open_world(store_url, keys, Clock()) as new:
        assert await new.approvals.recover() == 1
        assert await status(new, done.execution_id) == "UNKNOWN"


async def test_what_this_process_does_is_not_lost(store_url, key):
    async with open_world(store_url, KeyRing.parse(key), Clock()) as world:
        opened = await world.approved()
        done = await world.consume(opened.request_id)
        for _ in range(3):
            assert await world.approvals.recover_lost() == 0
        assert await world.approvals.finish(done.execution_id, "SUCCEEDED", 1, 1)


async def test_an_intent_that_nobody_heard_of_is_lost_the_second_time_that_it_is_found(store_url, key):
    """Its COMMIT arrived and the answer did not: nothing was executed, and the grant is used."""
    async with open_world(store_url, KeyRing.parse(key), Clock()) as world:
        opened = await world.approved()
        done = await world.consume(opened.request_id)
        world.approvals.desk.running.clear()
        assert await world.approvals.recover_lost() == 0
        assert await world.approvals.recover_lost() == 1
        assert await status(world, done.execution_id) == "UNKNOWN"


async def test_of_two_processes_one_uses_the_grant(store_url, key):
    keys = KeyRing.parse(key)
    async with open_world(store_url, keys, Clock()) as one, open_world(store_url, keys, Clock()) as two:
        assert one.store.instance != two.store.instance
        for number in range(5):
            action = one.action(f"statement {number}".encode())
            opened = await one.approved(one.proposal(action))
            both = await asyncio.gather(
                one.consume(opened.request_id, action), two.consume(opened.request_id, action), return_exceptions=True
            )
            assert sum(isinstance(done, Execution) for done in both) == 1, both
            assert sum(isinstance(done, Refusal) for done in both) == 1, both


async def test_a_process_that_ends_leaves_no_file(tmp_path, key):
    async with open_world(f"sqlite:///{tmp_path}/store.db", KeyRing.parse(key), Clock()):
        assert len(list(tmp_path.glob("*.alive"))) == 1
    assert not list(tmp_path.glob("*.alive"))
