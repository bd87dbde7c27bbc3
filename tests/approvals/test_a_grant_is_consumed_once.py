"""From the hold to the outcome: exactly that action, once, with the intent in the same transaction."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import update

from lockgate.action import Decision, Effect
from lockgate.services.approvals import Execution, Opened, Refusal
from lockgate.store.tables.approvals import executions


async def test_a_held_action_is_approved_and_runs_once(world):
    opened = await world.opened()
    waiting = asyncio.create_task(world.approvals.wait(opened.request_id, 30))
    await asyncio.sleep(0.05)

    await world.vote("rita", opened.request_id)

    assert await asyncio.wait_for(waiting, 5) == "APPROVED"
    execution = await world.consume(opened.request_id)
    assert isinstance(execution, Execution)
    assert execution.payload == world.action().payload
    assert isinstance(await world.consume(opened.request_id), Refusal)
    await world.approvals.finish(execution.execution_id, "SUCCEEDED", 41200, 10_000)
    assert await world.state(opened.request_id) == "SUCCEEDED"
    types = [kind for kind, _ in await world.events()]
    assert types.index("grant.consumed") < types.index("intent") < types.index("outcome")


async def test_of_two_claimants_one_executes(world):
    opened = await world.approved()
    first, second = await asyncio.gather(world.consume(opened.request_id), world.consume(opened.request_id))
    assert sorted(type(x).__name__ for x in (first, second)) == ["Execution", "Refusal"]


async def test_the_intent_says_what_the_contract_asks(world):
    opened = await world.approved()
    execution = await world.consume(opened.request_id)
    body = dict(await world.events())["intent"]
    assert body["execution"] == execution.execution_id
    assert body["request"] == opened.request_id
    named = {"action_digest", "commitment", "connection", "principal", "actors", "operation", "questions"}
    assert named | {"classes", "revealed"} <= body.keys()
    assert body["policy"]
    assert body["catalog"]


async def test_a_changed_statement_does_not_use_the_grant_and_does_not_spoil_it(world):
    opened = await world.approved()
    other = world.action(b"copy patients to program 'nc evil'")
    assert isinstance(await world.consume(opened.request_id, other), Refusal)
    assert await world.state(opened.request_id) == "APPROVED"


async def test_what_changed_around_the_same_statement_invalidates_it(world):
    opened = await world.approved()
    wider = replace(world.action(), row_cap=10**6)
    refused = await world.consume(opened.request_id, wider)
    assert "not what was approved" in refused.message
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_a_stricter_policy_invalidates_it(world):
    opened = await world.approved()
    action = world.action()
    deny = Decision(Effect.DENY, action.classes, frozenset(), (), (), "q" * 64)
    assert isinstance(await world.approvals.consume(opened.request_id, action, lambda _: deny), Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_a_policy_that_reveals_more_than_was_approved_is_not_followed(world):
    opened = await world.approved()
    action = world.action()
    more = Decision(Effect.ALLOW, frozenset({"name"}), frozenset({"ssn"}), (), (), "q" * 64)
    assert isinstance(await world.approvals.consume(opened.request_id, action, lambda _: more), Refusal)


async def test_the_profile_of_today_must_be_satisfied_too(world):
    opened = await world.approved()
    action = world.action()
    stricter = {"one-reviewer": {"stages": [{"count": 2, "group": "privacy"}]}}
    refused = await world.approvals.consume(opened.request_id, action, world.allow(action), profiles=stricter)
    assert isinstance(refused, Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_an_approver_who_left_the_group_no_longer_counts(world):
    opened = await world.approved()
    world.directory.change("rita", groups={})
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_an_approver_found_in_the_conflict_set_later_no_longer_counts(world):
    opened = await world.approved()
    world.loosened.add("local:rita")
    assert isinstance(await world.consume(opened.request_id), Refusal)


async def test_a_requester_who_was_deactivated_does_not_execute(world):
    opened = await world.approved()
    world.directory.change("bot", active=False)
    assert isinstance(await world.consume(opened.request_id), Refusal)


async def test_an_unused_pass_lapses_after_five_minutes_with_a_caller_waiting(world):
    opened = await world.approved()
    world.clock.sleep(301)
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "LAPSED"


async def test_without_a_caller_it_lasts_an_hour(world):
    opened = await world.approved(world.proposal(waiting=False))
    world.clock.sleep(3500)
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_a_crash_between_intent_and_outcome_is_unknown_until_a_person_settles_it(world):
    opened = await world.approved()
    execution = await world.consume(opened.request_id)
    dead = update(executions).values(instance="ins_dead")
    await world.store.transact(lambda conn: (conn.execute(dead), []))

    assert await world.approvals.recover() == 1

    assert await world.state(opened.request_id) == "UNKNOWN"
    assert await world.approvals.finish(execution.execution_id, "SUCCEEDED", 1, 1) is False
    assert isinstance(await world.approvals.reconcile(opened.request_id, True, "local:bot"), Refusal)
    assert await world.approvals.reconcile(opened.request_id, True, "local:rita") == "RECONCILED_DONE"
    assert isinstance(await world.approvals.reconcile(opened.request_id, False, "local:rita"), Refusal)


async def test_an_allowed_action_is_recorded_before_it_runs(world):
    action = world.action()
    allowed = world.allow(action)(frozenset({"x"}))
    execution = await world.approvals.record(action, allowed)
    assert isinstance(execution, Execution)
    await world.approvals.finish(execution.execution_id, "FAILED", 0, 0, "42501")
    by_type = dict(await world.events())
    assert by_type["intent"]["request"] is None
    assert by_type["outcome"] == {
        "execution": execution.execution_id,
        "status": "FAILED",
        "rows": 0,
        "bytes": 0,
        "code": "42501",
    }


async def test_nothing_is_recorded_for_what_policy_does_not_allow(world):
    action = world.action()
    assert isinstance(await world.approvals.record(action, world.allow(action)(frozenset())), Refusal)


async def test_a_deliberate_repeat_asks_again(world):
    opened = await world.approved()
    await world.consume(opened.request_id)
    again = await world.approvals.propose(world.proposal())
    assert isinstance(again, Opened)
    assert again.request_id != opened.request_id
    assert again.state == "PENDING"


async def test_no_event_and_no_notice_holds_the_payload(world):
    secret = b"select * from patients where ssn = '123-45-6789'"
    action = world.action(secret)
    opened = await world.approved(world.proposal(action))
    await world.consume(opened.request_id, action)
    assert "123-45-6789" not in repr(await world.events())
    assert "123-45-6789" not in repr(await world.approvals.get(opened.request_id))


@pytest.mark.parametrize(
    "today",
    [
        {"stages": [{"count": 1, "group": "privacy"}], "step_up": "passkey"},
        {"stages": [{"count": 1, "group": "data-owner"}]},
        {"stages": [{"count": 2, "group": "privacy"}]},
        {"stages": [{"count": 1, "group": "data-owner"}, {"count": 1, "group": "privacy"}]},
    ],
    ids=["a step-up", "another group", "one more", "a stage before"],
)
async def test_what_was_approved_satisfies_todays_profile_too(world, today):
    opened = await world.approved()
    action = world.action()
    refused = await world.approvals.consume(
        opened.request_id, action, world.allow(action), profiles={"one-reviewer": today}
    )
    assert isinstance(refused, Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_a_profile_that_is_gone_today_satisfies_nothing(world):
    opened = await world.approved()
    action = world.action()
    assert isinstance(
        await world.approvals.consume(opened.request_id, action, world.allow(action), profiles={}), Refusal
    )
