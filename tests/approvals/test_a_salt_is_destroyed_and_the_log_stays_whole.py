"""Forgetting: without its salt a commitment says nothing; the log keeps every byte and verifies as before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from clinic import DAY
from lockgate.action import Decision, Effect, Question
from lockgate.audit import SigningKey, Verdict
from lockgate.services.approvals import Execution, Refusal, Rules, Voter
from lockgate.services.log import Log
from lockgate.services.log_copy import LogCopy
from lockgate.store.tables.approvals import commitment_salts, payloads
from lockgate.store.tables.log import events

SIGNER = SigningKey.from_seed("test.lockgate", b"t" * 32)


async def looked_up(world) -> Execution:
    """A look-up that needed nobody, as a statement with a record number in it."""
    action = world.action(b"select * from p where mrn = 4711", questions=(Question("sql.select", "clinic/public.p"),))
    done = await world.approvals.record(action, Decision(Effect.ALLOW, action.classes, frozenset(), (), (), "p" * 64))
    assert isinstance(done, Execution)
    return done


async def count(world, table) -> int:
    return int(await world.store.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar_one()))


def by(name: str, **session) -> Voter:
    return Voter(f"local:{name}", **{"interactive": True, "token_has_act": False, **session})


async def test_an_erased_event_keeps_its_place_and_its_bytes(world):
    done = await looked_up(world)
    await looked_up(world)
    leaf = select(events.c.leaf).where(events.c.id == done.intent_event_id)
    before = await world.store.read(lambda conn: conn.execute(leaf).scalar_one())

    assert await world.approvals.erase(done.intent_event_id, by=by("rita")) == 1
    assert await count(world, commitment_salts) == 1, "the other one's salt stays"
    assert await world.store.read(lambda conn: conn.execute(leaf).scalar_one()) == before
    kind, body = (await world.events())[-1]
    assert (kind, body["by"], body["of"], body["salts"]) == ("salt.destroyed", "local:rita", done.intent_event_id, 1)
    assert await world.approvals.erase(done.intent_event_id, by=by("rita")) == 0, "there is nothing left to destroy"


async def test_the_log_verifies_as_before(world, store_url):
    done = await looked_up(world)
    log = Log(world.store, SIGNER, world.clock)
    await log.sequence()
    assert await world.approvals.erase(done.intent_event_id, by=by("root")) == 1
    await log.sequence()
    if store_url.startswith("sqlite"):
        report = LogCopy(store_url.removeprefix("sqlite:///")).verify([SIGNER.verifier], [await log.checkpoint()])
        assert (report.verdict, report.problems) == (Verdict.UNMATCHED, [])


@pytest.mark.parametrize(
    "who", [by("omar"), by("bot"), by("nobody"), by("rita", interactive=False), by("rita", token_has_act=True)]
)
async def test_others_do_not_erase(world, who):
    done = await looked_up(world)
    assert isinstance(await world.approvals.erase(done.intent_event_id, by=who), Refusal)
    assert await count(world, commitment_salts) == 1


async def test_what_waits_is_not_erased_and_what_is_over_goes_with_its_payload(world):
    opened = await world.approved()
    assert isinstance(await world.approvals.erase(opened.request_id, by=by("rita")), Refusal)
    assert await count(world, payloads) == 1
    consumed = await world.consume(opened.request_id)
    assert isinstance(consumed, Execution)
    await world.approvals.finish(consumed.execution_id, "SUCCEEDED", 1, 1)
    assert await world.approvals.erase(opened.request_id, by=by("rita")) == 1
    assert (await count(world, commitment_salts), await count(world, payloads)) == (0, 0)


async def test_a_name_that_is_none_erases_nothing(world):
    await looked_up(world)
    for name in ("evt_none", "req_none", "", "%"):
        assert isinstance(await world.approvals.erase(name, by=by("rita")), Refusal)


async def test_a_clock_destroys_what_is_old_and_leaves_what_is_young(world):
    await looked_up(world)
    world.clock.sleep(Rules().salts_kept_s - DAY // 1_000_000)
    await looked_up(world)
    await world.approvals.sweep()
    assert await count(world, commitment_salts) == 2
    world.clock.sleep(2 * DAY // 1_000_000)
    await world.approvals.sweep()
    assert await count(world, commitment_salts) == 1
    told = [body for kind, body in await world.events() if kind == "salt.destroyed"]
    assert [(body["by"], body["salts"]) for body in told] == [("retention", 1)]
    await world.approvals.sweep()
    assert len([kind for kind, _ in await world.events() if kind == "salt.destroyed"]) == 1


async def test_the_clock_may_be_set(world):
    world.approvals.desk = replace(world.approvals.desk, rules=Rules(salts_kept_s=100 * DAY // 1_000_000))
    await looked_up(world)
    world.clock.sleep(101 * DAY // 1_000_000)
    await world.approvals.sweep()
    assert await count(world, commitment_salts) == 0
