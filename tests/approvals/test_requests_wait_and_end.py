"""Joining, denying, leaving, timing out, stopping: how requests live and end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from lockgate.services.approvals import Execution, ItemVote, Opened, Refusal, RequestView, Voter

ROOT = Voter("local:root", True, False)
PETRA = Voter("local:petra", True, False)


async def test_the_identical_action_joins_the_pending_request(world):
    first = await world.opened()
    second = await world.opened()
    assert second.request_id == first.request_id
    assert second.existing
    assert not first.existing


async def test_another_address_or_payload_is_another_action(world):
    first = await world.opened()
    elsewhere = replace(world.action().requester, client_address="10.9.9.9")
    assert (await world.opened(world.proposal(world.action(requester=elsewhere)))).request_id != first.request_id
    assert (await world.opened(world.proposal(world.action(b"other")))).request_id != first.request_id


async def test_a_retry_after_approval_finds_it_approved_and_runs(world):
    opened = await world.approved()
    again = await world.opened()
    assert (again.request_id, again.state) == (opened.request_id, "APPROVED")
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_one_deny_ends_it_with_its_reason_and_bars_it_for_an_hour(world):
    opened = await world.opened()
    assert isinstance(await world.vote("rita", opened.request_id, approve=False, reason=" "), Refusal)
    await world.vote("rita", opened.request_id, approve=False, reason="too wide for Jane 555-1234")
    assert await world.state(opened.request_id) == "DENIED"
    reason = await world.approvals.denial_reason(opened.request_id)
    assert "too wide for" in reason
    assert "555" not in reason
    assert "Jane" not in reason

    refused = await world.approvals.propose(world.proposal())
    assert isinstance(refused, Refusal)
    assert refused.code == "LG003"
    world.clock.sleep(3601)
    assert isinstance(await world.approvals.propose(world.proposal()), Opened)


async def test_a_deny_counts_even_after_somebody_approved(world):
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    opened = await world.opened(world.proposal(None, pair=pair))
    await world.vote("rita", opened.request_id)
    await world.vote("petra", opened.request_id, approve=False, reason="no")
    assert await world.state(opened.request_id) == "DENIED"


async def test_who_approved_may_still_change_to_a_deny(world):
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    opened = await world.opened(world.proposal(None, pair=pair))
    await world.vote("rita", opened.request_id)
    await world.vote("rita", opened.request_id, approve=False, reason="on reflection, no")
    assert await world.state(opened.request_id) == "DENIED"


async def test_a_profile_may_ask_for_two_denies(world):
    profile = {"stages": [{"count": 1, "group": "privacy"}], "denials": 2}
    opened = await world.opened(world.proposal(None, patient=profile))
    await world.vote("rita", opened.request_id, approve=False, reason="no")
    assert await world.state(opened.request_id) == "PENDING"
    await world.vote("petra", opened.request_id, approve=False, reason="no")
    assert await world.state(opened.request_id) == "DENIED"


async def test_a_reviewer_may_take_an_unused_approval_back(world):
    opened = await world.approved()
    await world.vote("petra", opened.request_id, approve=False, reason="wait")
    assert await world.state(opened.request_id) == "REVOKED"
    assert isinstance(await world.consume(opened.request_id), Refusal)


async def test_an_approval_that_was_taken_back_is_denied_for_an_hour_too(world):
    opened = await world.approved()
    world.clock.sleep(120)
    await world.vote("petra", opened.request_id, approve=False, reason="wait")
    refused = await world.approvals.propose(world.proposal())
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.request_id) == ("LG003", opened.request_id)
    world.clock.sleep(3599)
    assert isinstance(await world.approvals.propose(world.proposal()), Refusal), "an hour from the deny"
    world.clock.sleep(2)
    assert isinstance(await world.approvals.propose(world.proposal()), Opened)


async def test_what_its_requester_took_back_may_be_asked_again_at_once(world):
    opened = await world.approved()
    await world.approvals.withdraw(opened.request_id, "local:bot")
    assert isinstance(await world.approvals.propose(world.proposal()), Opened)


async def test_a_deny_that_did_not_end_it_ends_it_where_todays_profile_says_so(world):
    profile = {"stages": [{"count": 1, "group": "privacy"}], "denials": 2}
    opened = await world.opened(world.proposal(None, patient=profile))
    await world.vote("petra", opened.request_id, approve=False, reason="no")
    assert (await world.vote("rita", opened.request_id)).state == "APPROVED"
    action = world.action()
    stricter = {"patient": {**profile, "denials": 1}}
    assert isinstance(
        await world.approvals.consume(opened.request_id, action, world.allow(action), profiles=stricter), Refusal
    )


async def test_silence_denies(world):
    opened = await world.opened()
    world.clock.sleep(8 * 3600)
    late = await world.vote("rita", opened.request_id)
    assert isinstance(late, Refusal)
    assert await world.state(opened.request_id) == "EXPIRED"
    votes = [body for kind, body in await world.events() if kind == "vote"]
    assert [v["counted"] for v in votes] == [False]


async def test_a_shorter_decision_clock_is_the_profiles(world):
    profile = {"stages": [{"count": 1, "group": "privacy"}], "decision_ttl_s": 60}
    opened = await world.opened(world.proposal(None, quick=profile))
    world.clock.sleep(60)
    await world.approvals.sweep()
    assert await world.state(opened.request_id) == "EXPIRED"


async def test_the_hold_ends_and_the_request_stays(world):
    opened = await world.opened()
    assert await world.approvals.wait(opened.request_id, 0.05) == "PENDING"
    world.clock.sleep(3600)
    assert await world.state(opened.request_id) == "PENDING"


async def test_ten_minutes_after_the_last_caller_left_it_is_cancelled(world):
    opened = await world.opened()
    await world.opened()
    await world.approvals.caller_gone(opened.request_id)
    world.clock.sleep(700)
    assert await world.state(opened.request_id) == "PENDING", "one caller still waits"
    await world.approvals.caller_gone(opened.request_id)
    world.clock.sleep(599)
    assert await world.state(opened.request_id) == "PENDING"
    world.clock.sleep(1)
    await world.approvals.sweep()
    assert await world.state(opened.request_id) == "CANCELLED"


async def test_a_caller_who_comes_back_in_time_keeps_it(world):
    opened = await world.opened()
    await world.approvals.caller_gone(opened.request_id)
    world.clock.sleep(300)
    await world.opened()
    world.clock.sleep(3600)
    assert await world.state(opened.request_id) == "PENDING"


async def test_a_withdrawal_ends_it_at_once_and_only_by_who_asked(world):
    opened = await world.opened()
    assert isinstance(await world.approvals.withdraw(opened.request_id, "local:omar"), Refusal)
    assert isinstance(await world.approvals.withdraw(opened.request_id, "local:bot"), RequestView)
    assert await world.state(opened.request_id) == "CANCELLED"


async def test_at_most_twenty_wait(world):
    for n in range(20):
        await world.opened(world.proposal(world.action(b"statement %d" % n)))
    full = await world.approvals.propose(world.proposal(world.action(b"one more")))
    assert isinstance(full, Refusal)
    assert "20 requests" in full.message


async def test_the_kill_switch_revokes_grants_and_two_people_lift_it(world):
    opened = await world.approved()
    switch = await world.approvals.kill_switch(True, by=ROOT, reason="odd exports")
    assert switch.on
    assert await world.state(opened.request_id) == "REVOKED"
    action = world.action()
    stopped = await world.approvals.record(action, world.allow(action)(frozenset({"x"})))
    assert isinstance(stopped, Refusal)
    assert isinstance(await world.approvals.propose(world.proposal()), Refusal)

    assert (await world.approvals.kill_switch(False, by=ROOT)).on
    assert isinstance(await world.approvals.kill_switch(False, by=ROOT), Refusal)
    assert not (await world.approvals.kill_switch(False, by=PETRA)).on
    assert isinstance(await world.approvals.propose(world.proposal()), Opened)


async def test_two_people_who_lift_it_agree_within_an_hour(world):
    await world.approvals.kill_switch(True, by=ROOT, reason="")
    await world.approvals.kill_switch(False, by=ROOT)
    world.clock.sleep(3601)
    assert (await world.approvals.kill_switch(False, by=PETRA)).on
    assert not (await world.approvals.kill_switch(False, by=ROOT)).on


async def test_a_grant_approved_just_before_the_switch_is_not_consumed_after_it(world):
    opened = await world.approved()
    await asyncio.gather(world.approvals.kill_switch(True, by=ROOT, reason=""), return_exceptions=True)
    assert isinstance(await world.consume(opened.request_id), Refusal)


async def test_an_agent_or_an_outsider_does_not_touch_the_switch(world):
    for by in (
        Voter("local:bot", True, False),
        Voter("local:rita", True, False),
        replace(ROOT, interactive=False),
    ):
        assert isinstance(await world.approvals.kill_switch(True, by=by, reason=""), Refusal)


async def test_a_batch_is_one_view_and_one_decision_an_item(world):
    proposals = [world.proposal(world.action(b"export %d" % n)) for n in range(3)]
    batch, opened = await world.approvals.propose_batch(proposals)
    view = await world.approvals.batch(batch)
    assert len(view.items) == 3
    ids = [o.request_id for o in opened]
    decisions = [ItemVote(ids[0], True, ""), ItemVote(ids[1], False, "not this one")]
    rita = Voter("local:rita", True, False)

    stale = await world.approvals.vote_batch(batch, voter=rita, decisions=decisions, view_digest="0" * 64)
    assert isinstance(stale, Refusal)
    done = await world.approvals.vote_batch(batch, voter=rita, decisions=decisions, view_digest=view.digest)

    assert {done[i].state for i in ids[:1]} == {"APPROVED"}
    assert [await world.state(i) for i in ids] == ["APPROVED", "DENIED", "PENDING"]


async def test_escalation_adds_people_and_drops_none(world):
    opened = await world.opened()
    await world.approvals.escalate(opened.request_id, by=PETRA, group="data-owner")
    await world.vote("rita", opened.request_id)
    assert await world.state(opened.request_id) == "PENDING"
    assert (await world.vote("omar", opened.request_id)).state == "APPROVED"
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_a_restart_finds_the_same_requests(world):
    """Nothing of a request lives in the process."""
    opened = await world.approved()
    await world.approvals.recover()
    again = type(world.approvals)(world.store, world.directory, world.approvals.desk.keys, world.clock)
    action = world.action()
    assert isinstance(await again.consume(opened.request_id, action, world.allow(action)), Execution)


async def test_reviewers_who_never_say_no_are_flagged(world):
    for n in range(20):
        opened = await world.opened(world.proposal(world.action(b"statement %d" % n)))
        await world.approvals.get(opened.request_id, viewer="local:rita")
        world.clock.sleep(1)
        await world.vote("rita", opened.request_id)
    (rita,) = await world.approvals.reviewers()
    assert rita.votes == rita.approvals == 20
    assert rita.median_s == 1
    assert set(rita.flags) == {"never denied", "decides faster than one can read"}
