"""Stories of a request, for property tests: whatever can happen to it, in any order, at any pace."""

from __future__ import annotations

from hypothesis import strategies as st

from lockgate.approvals import Ballot, Quorum, Request, Stage, Status, events
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


instances = st.sampled_from(["", "ins-0", "ins-1"])
happenings = st.one_of(
    ballots().map(events.Voted),
    ballots().map(events.Voted),
    st.builds(events.Voted, ballots(), conflicts),
    consumes(),
    consumes(),
    st.builds(events.Joined, st.booleans(), instances),
    st.builds(events.CallerLeft, instances),
    st.builds(events.CallerLeft, instances, died=st.just(True)),
    st.builds(events.HoldEnded, instances),
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
