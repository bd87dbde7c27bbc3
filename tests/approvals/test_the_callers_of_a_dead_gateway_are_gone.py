"""Nobody says for a gateway that was killed that its callers have left, nor how its reads ended: a living one does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from clinic import Clock, World, open_world
from lockgate.services.approvals.absences import LOOKS, Absences
from lockgate.services.shapes import Shapes
from lockgate.store import KeyRing, new_id
from lockgate.store.seal import new_key_line
from lockgate.store.tables.approvals import requests
from lockgate.store.tables.log import events

WAITS = """
import asyncio, sys
from clinic import Clock, open_world
from lockgate.services.shapes import Shapes
from lockgate.store import KeyRing, new_id

async def main():
    async with open_world(sys.argv[1], KeyRing.parse(sys.argv[2]), Clock()) as world:
        opened = await world.opened()
        shape = await Shapes(world.store, new_id).open({"statement": "s"})
        print(opened.request_id, shape.execution, flush=True)
        await world.approvals.wait(opened.request_id, 600)

asyncio.run(main())
"""


@pytest.fixture
def key():
    return new_key_line()


class Steady:
    """A clock that nobody sets; each look comes `step_s` after the one before."""

    def __init__(self, step_s: float = 10.0) -> None:
        self.step_s, self.now_s = step_s, 0.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


@contextlib.asynccontextmanager
async def another(store_url: str, key: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, str]]:
    """A process with a caller that waits and a read that runs: their request and execution."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WAITS, store_url, key,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        request, execution = (await process.stdout.readline()).decode().split()
        yield process, request, execution
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def kill(process: asyncio.subprocess.Process, world: World) -> None:
    """Until the store has missed it too."""
    before = await world.store.read(world.store.present)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    while await world.store.read(world.store.present) == before:
        await asyncio.sleep(0.01)


async def outcomes(world: World) -> list[dict[str, object]]:
    query = select(events.c.leaf).where(events.c.type == "outcome").order_by(events.c.seq)
    leaves = await world.store.read(lambda conn: conn.execute(query).scalars().all())
    return [json.loads(bytes(leaf))["body"] for leaf in leaves]


async def test_the_callers_of_a_killed_process_are_gone_and_reviewers_see_it(store_url, key):
    clock = Clock()
    async with (
        another(store_url, key) as (process, request, _),
        open_world(store_url, KeyRing.parse(key), clock) as second,
    ):
        second.approvals.absences = Absences(Steady())
        for _ in range(2 * LOOKS):
            await second.approvals.recover_missed()
        assert (await second.approvals.get(request)).gone_at == 0, "it lives, and waits"
        await kill(process, second)
        for _ in range(LOOKS):
            assert (await second.approvals.get(request)).gone_at == 0
            await second.approvals.recover_missed()
        assert (await second.approvals.get(request)).gone_at == clock.now_at
        said = [body for kind, body in await second.events() if kind == "caller.gone"]
        assert [(body["request"], body["gateway_died"]) for body in said] == [(request, True)]
        clock.sleep(601)
        assert await second.state(request) == "CANCELLED"


async def test_whoever_asks_again_elsewhere_keeps_the_request(store_url, key):
    clock = Clock()
    async with (
        another(store_url, key) as (process, request, _),
        open_world(store_url, KeyRing.parse(key), clock) as second,
    ):
        second.approvals.absences = Absences(Steady())
        assert (await second.opened()).request_id == request
        await kill(process, second)
        for _ in range(LOOKS):
            await second.approvals.recover_missed()
        clock.sleep(3600)
        assert await second.state(request) == "PENDING", "one caller still waits, here"
        await second.approvals.caller_gone(request)
        clock.sleep(601)
        assert await second.state(request) == "CANCELLED"


async def test_reads_that_it_ran_get_their_outcome_once_though_all_look(store_url, key):
    keys = KeyRing.parse(key)
    async with (
        another(store_url, key) as (process, _, execution),
        open_world(store_url, keys, Clock()) as second,
        open_world(store_url, keys, Clock()) as third,
    ):
        own = await Shapes(second.store, new_id).open({"statement": "own"})
        for world in (second, third):
            world.approvals.absences = Absences(Steady())
            await world.approvals.recover_missed()
        await kill(process, second)
        for _ in range(LOOKS + 1):
            await asyncio.gather(second.approvals.recover_missed(), third.approvals.recover_missed())
        said = await outcomes(second)
        assert [(body["execution"], body["status"], body["code"]) for body in said] == [
            (execution, "UNKNOWN", "recovered")
        ]
        assert own.execution != execution


async def test_with_the_clock_set_wrong_nobody_dies(store_url, key):
    clock = Clock()
    async with another(store_url, key) as (_, request, _), open_world(store_url, KeyRing.parse(key), clock) as second:
        second.approvals.absences = Absences(Steady())
        for jump_s in (7 * 3600, -14 * 3600, 9 * 3600):
            await second.approvals.recover_missed()
            clock.sleep(jump_s)
        assert (await second.approvals.get(request)).gone_at == 0


@pytest.mark.parametrize("state", ["", "[]", "7", '{"waiting": 7}', '{"waiting": [7, null]}'])
async def test_an_edited_row_stops_nobody_from_looking(store_url, key, state):
    async with open_world(store_url, KeyRing.parse(key), Clock()) as world:
        opened = await world.opened()
        edit = update(requests).where(requests.c.id == opened.request_id).values(state=state)
        await world.store.transact(lambda conn: (conn.execute(edit), []))
        assert await world.approvals.recover_missed() == 0


def test_one_look_and_a_short_time_decide_nothing():
    steady = Steady(1.0)
    absences = Absences(steady)
    assert absences.look((), {"a", "b"}) == frozenset()
    looks = [absences.look((), {"b"}) for _ in range(25)]
    assert [bool(dead) for dead in looks] == [False] * 20 + [True] * 5
    assert looks[-1] == {"a"} and absences.was_present({"a"})


def test_whoever_comes_back_was_never_away():
    absences = Absences(Steady(9.0))
    absences.look((), {"a"})
    for _ in range(5):
        assert absences.look((), set()) == frozenset()
        assert absences.look((), set()) == frozenset()
        assert absences.look((), {"a"}) == frozenset()


def test_a_gap_between_looks_begins_anew():
    """The store was away, or this process was asleep: so may whoever is missed have been."""
    steady = Steady(10.0)
    absences = Absences(steady)
    absences.look((), {"a"})
    absences.look((), set())
    absences.look((), set())
    steady.now_s += 3600
    assert absences.look((), set()) == frozenset()
    assert absences.look((), set()) == frozenset()
    assert absences.look((), set()) == {"a"}


def test_a_process_that_nobody_has_ever_seen_is_missed_by_its_name():
    absences = Absences(Steady(10.0))
    dead = [absences.look({"old"}, {"a"}) for _ in range(LOOKS)]
    assert dead == [frozenset(), frozenset(), {"old"}]
    assert not absences.was_present({"old"})
