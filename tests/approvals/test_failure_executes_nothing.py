"""Whatever fails between approval and effect, nothing has been executed and the grant is not spent."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select, update

from lockgate.errors import PolicyError
from lockgate.services.approvals import Execution, Opened, Refusal
from lockgate.store.tables import approvals as t


async def write(world, statement):
    def unit(conn):
        conn.execute(statement)
        return None, []

    await world.store.transact(unit)


async def intents(world):
    return [body for kind, body in await world.events() if kind == "intent"]


async def test_a_policy_that_fails_spends_nothing(world):
    opened = await world.approved()

    def decide(satisfied):
        raise PolicyError("the policy cannot be evaluated")

    with pytest.raises(PolicyError):
        await world.approvals.consume(opened.request_id, world.action(), decide)
    assert await world.state(opened.request_id) == "APPROVED"
    assert await intents(world) == []
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_a_payload_swapped_in_the_store_does_not_open(world):
    first = await world.approved()
    other = await world.opened(world.proposal(world.action(b"drop table patients")))
    sealed = select(t.payloads.c.sealed).where(t.payloads.c.request == other.request_id).scalar_subquery()
    await write(world, update(t.payloads).where(t.payloads.c.request == first.request_id).values(sealed=sealed))
    refused = await world.consume(first.request_id)
    assert isinstance(refused, Refusal)
    assert refused.code == "LG005"
    assert await intents(world) == []


async def test_a_status_edited_in_the_store_is_not_believed(world):
    opened = await world.opened()
    await write(world, update(t.requests).values(status="APPROVED"))
    refused = await world.consume(opened.request_id)
    assert isinstance(refused, Refusal)
    assert refused.code == "LG005"
    assert await intents(world) == []


async def test_an_erased_salt_ends_the_approval(world):
    opened = await world.approved()
    await write(world, delete(t.commitment_salts))
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_the_sealed_payload_is_destroyed_when_the_request_is_over(world):
    opened = await world.approved()
    execution = await world.consume(opened.request_id)
    await world.approvals.finish(execution.execution_id, "SUCCEEDED", 1, 1)
    await world.approvals.sweep()
    kept = await world.store.read(lambda conn: conn.execute(select(func.count()).select_from(t.payloads)).scalar())
    assert kept == 0


async def test_profiles_that_policy_did_not_ask_for_open_nothing(world):
    weaker = world.proposal(None, easy={"stages": [{"count": 1, "group": "analysts"}]})
    asked = world.proposal()
    mixed = type(asked)(**{**{f: getattr(asked, f) for f in asked.__slots__}, "profiles": weaker.profiles})
    assert isinstance(await world.approvals.propose(mixed), Refusal)


async def test_a_profile_that_asks_nobody_is_an_error(world):
    with pytest.raises(PolicyError):
        await world.approvals.propose(world.proposal(None, empty={"stages": []}))


async def test_doctor_can_show_who_may_decide(world):
    profiles = world.proposal().profiles
    requester = world.action().requester
    panel = (await world.approvals.reviewers_for(requester, "clinic", profiles))["one-reviewer"]
    assert panel.eligible == ("local:petra", "local:rita")
    assert "local:ana" in panel.excluded
    assert panel.problem == ""
    for name in ("rita", "petra"):
        world.directory.change(name, active=False)
    panel = (await world.approvals.reviewers_for(requester, "clinic", profiles))["one-reviewer"]
    assert panel.eligible == ()
    assert "local:ana" in panel.problem


async def test_refused_by_policy_is_written_down(world):
    action = world.action()
    await world.approvals.refused(action, world.allow(action)(frozenset()))
    assert [(kind, body["decision"]) for kind, body in await world.events()] == [("decision", "deny")]


async def test_the_next_claimant_after_a_lapse_asks_again(world):
    first = await world.approved()
    world.clock.sleep(400)
    again = await world.approvals.propose(world.proposal())
    assert isinstance(again, Opened)
    assert again.request_id != first.request_id
    assert again.state == "PENDING"
