"""Whatever happens, in whatever order: once, with full stages, by nobody in the conflict set."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.approvals import MOVES, Refusal, Request, Status, events, satisfied, settle, step, terminal
from lockgate.approvals.codec import from_text, to_text
from lockgate.approvals.model import SECOND
from stories import ONE, proposed, quorums, stories


@settings(max_examples=200, deadline=None)
@given(quorums, st.booleans(), stories)
def test_every_story_keeps_the_promises(asked, waiting, story):
    now_at, executed = 0, 0
    request = step(proposed(asked), events.Submitted(waiting), now_at)
    assert isinstance(request, Request)
    for event, passed_s in story:
        now_at += passed_s * SECOND
        after = step(request, event, now_at)
        if isinstance(after, Refusal):
            assert after.message
            continue
        if terminal(request.status):
            assert after == request, "a terminal state changed"
        if after.status is not request.status:
            assert after.status in MOVES[request.status]
        assert after.last_at >= request.last_at, "now never runs backwards"
        assert {q.name for q in request.quorums} <= {q.name for q in after.quorums}, "nothing asked is dropped"
        if after.status is Status.EXECUTING is not request.status:
            executed += 1
            assert isinstance(event, events.Consumed)
            assert (event.stopped, event.same_action, event.policy_holds) == (False, True, True)
            assert event.requester_valid
            voters = {v.person for v in after.votes if v.approve}
            counting = [v for v in after.votes if v.person not in after.conflicts and v.person in event.groups_now]
            assert satisfied(after.quorums, counting)
            assert len({v.human for v in counting}) >= sum(s.count for q in after.quorums for s in q.stages)
            assert "dev" not in voters, "somebody in the conflict set voted"
            assert after.use_by_at > max(now_at, request.last_at), "the grant had lapsed"
        assert from_text(to_text(after)) == after
        request = after
    assert executed <= 1


@settings(max_examples=100, deadline=None)
@given(quorums, stories)
def test_nothing_executes_without_an_approval_of_exactly_this(asked, story):
    """Only ballots for another digest: it never gets approved."""
    request = step(proposed(asked), events.Submitted(), 0)
    now_at = 0
    for event, passed_s in story:
        now_at += max(0, passed_s) * SECOND
        if isinstance(event, events.Voted):
            event = replace(event, ballot=replace(event.ballot, view_digest="another view"))
        after = step(request, event, now_at)
        request = request if isinstance(after, Refusal) else after
        assert request.status not in (Status.APPROVED, Status.EXECUTING, Status.SUCCEEDED, Status.DENIED)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_clock_set_back_gives_nobody_more_time(first_s, second_s):
    request = step(proposed((ONE,)), events.Submitted(), 0)
    seen = step(request, events.Joined(False), first_s * SECOND)
    if isinstance(seen, Request):
        later = settle(seen, second_s * SECOND)
        assert later.last_at >= first_s * SECOND
