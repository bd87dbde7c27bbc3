"""Whatever happens, in whatever order: once, with full stages, by nobody in the conflict set."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.approvals import (
    MOVES,
    Ballot,
    Quorum,
    Refusal,
    Request,
    Stage,
    Status,
    events,
    satisfied,
    settle,
    step,
    terminal,
)
from lockgate.approvals.codec import from_text, to_text
from lockgate.approvals.model import SECOND

PEOPLE = ["ana", "ben", "cyd", "dev", "eve"]
GROUPS = {
    "ana": frozenset({"privacy"}),
    "ben": frozenset({"privacy", "owners"}),
    "cyd": frozenset({"owners"}),
    "dev": frozenset({"privacy", "owners"}),
    "eve": frozenset(),
}
CONFLICTS = {"dev": ("you asked for it",)}
TWO = Quorum("two-person", (Stage(1, "privacy"), Stage(1, "owners")))
ONE = Quorum("one-reviewer", (Stage(1, "privacy"),), decision_ttl_s=3600)

quorums = st.sampled_from([(ONE,), (TWO,), (ONE, TWO), (Quorum("pair", (Stage(2, "privacy"),)),)])
conflicts = st.dictionaries(st.sampled_from(PEOPLE), st.just(("late discovery",)), max_size=2)


def ballots() -> st.SearchStrategy[Ballot]:
    return st.builds(
        lambda person, approve, interactive, act, seen: Ballot(
            person=person,
            human=person,
            ids=frozenset({person}),
            groups=GROUPS[person],
            approve=approve,
            action_digest="action" if seen else "another",
            view_digest="view",
            interactive=interactive,
            token_has_act=act,
        ),
        st.sampled_from(PEOPLE),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([True, True, True, False]),
    )


def consumes() -> st.SearchStrategy[events.Consumed]:
    usually = st.sampled_from([True, True, True, True, False])
    return st.builds(
        lambda n, late, gone, same, valid, policy, stopped, current: events.Consumed(
            execution=f"exe-{n}",
            conflicts=late,
            groups_now={p: g for p, g in GROUPS.items() if p not in gone},
            current=(ONE, TWO, Quorum("pair", (Stage(2, "privacy"),))) if current else (ONE,),
            same_action=same,
            requester_valid=valid,
            policy_holds=policy,
            stopped=stopped,
        ),
        st.integers(0, 2),
        st.one_of(st.just({}), conflicts),
        st.frozensets(st.sampled_from(PEOPLE), max_size=1),
        usually,
        usually,
        usually,
        usually.map(lambda yes: not yes),
        usually,
    )


happenings = st.one_of(
    ballots().map(events.Voted),
    ballots().map(events.Voted),
    st.builds(events.Voted, ballots(), conflicts),
    consumes(),
    consumes(),
    st.builds(events.Joined, st.booleans()),
    st.just(events.CallerLeft()),
    st.just(events.HoldEnded()),
    st.just(events.Stopped()),
    st.just(events.Withdrawn()),
    st.just(events.Superseded("child")),
    st.just(events.Ticked()),
    st.builds(
        events.Finished,
        st.sampled_from(["exe-0", "exe-1"]),
        st.sampled_from([Status.SUCCEEDED, Status.UNKNOWN]),
    ),
    st.builds(events.Reconciled, st.booleans()),
    st.builds(events.Escalated, st.sampled_from([ONE, TWO])),
    ballots().map(events.Reviewed),
)
stories = st.lists(st.tuples(happenings, st.integers(-10, 1200)), max_size=25)


def proposed(asked: tuple[Quorum, ...]) -> Request:
    return Request(
        id="req-1",
        status=Status.PROPOSED,
        action_digest="action",
        view_digest="view",
        quorums=asked,
        conflicts=CONFLICTS,
        created_at=0,
        decide_by_at=8 * 3600 * SECOND,
        last_at=0,
    )


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
            assert all(satisfied(q, counting) for q in after.quorums)
            assert len({v.human for v in counting}) >= max(sum(s.count for s in q.stages) for q in after.quorums)
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
