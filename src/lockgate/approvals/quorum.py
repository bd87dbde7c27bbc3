"""Counting: ordered stages, distinct humans, and whether the eligible people could satisfy them at all.

What a request needs is one line of stages: those of its profiles, weakest first, then what was escalated. So a vote
serves one of them, whoever's groups it carries and however many profiles one message needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from lockgate.approvals.model import Conflicts, Quorum, Request, Stage, Vote
from lockgate.approvals.states import Status


def fill(quorums: Sequence[Quorum], votes: Iterable[Vote]) -> tuple[int, ...]:
    """How many slots of each stage of the line are taken.

    Approvals are taken in the order cast; each serves the first stage that is not full, if its voter is of
    that group. A stage opens only when those before it are full, and one human takes one slot, however many
    groups or accounts they have, their own or in whose place they vote. A vote without the step-up of the
    stage's profile counts for nothing.
    """
    stages = _line(quorums)
    filled = [0] * len(stages)
    seen: set[str] = set()
    current = 0
    for vote in votes:
        if current == len(stages):
            break
        quorum, stage = stages[current]
        who = vote.ids | {vote.person, vote.human}
        if not vote.approve or who & seen or not _stepped_up(quorum, vote):
            continue
        if stage.group in vote.groups:
            filled[current] += 1
            seen |= who
            if filled[current] >= stage.count:
                current += 1
    return tuple(filled)


def satisfied(quorums: Sequence[Quorum], votes: Iterable[Vote]) -> bool:
    """Whether every stage is full."""
    return bool(quorums) and full(quorums, votes) == {quorum.name for quorum in quorums}


def full(quorums: Sequence[Quorum], votes: Iterable[Vote]) -> frozenset[str]:
    """The names of those whose stages are full, each from votes that serve no other."""
    stages = _line(quorums)
    short = {q.name for taken, (q, stage) in zip(fill(quorums, votes), stages, strict=True) if taken < stage.count}
    return frozenset(quorum.name for quorum in quorums if quorum.stages and quorum.name not in short)


def turn(quorums: Sequence[Quorum], votes: Iterable[Vote]) -> tuple[Quorum, str] | None:
    """The group whose turn it is, and the profile that asks it; None when nobody is needed any more."""
    for taken, (quorum, stage) in zip(fill(quorums, votes), _line(quorums), strict=True):
        if taken < stage.count:
            return quorum, stage.group
    return None


def asked(request: Request) -> tuple[str, ...]:
    """The group that the request waits for, if it waits for any."""
    now = turn(request.quorums, counted(request))
    return () if now is None else (now[1],)


def counted(request: Request) -> list[Vote]:
    """Its votes, but those of people who have come to be in conflict."""
    return [v for v in request.votes if not (v.ids | {v.person, v.human}) & request.conflicts.keys()]


def denied(request: Request) -> bool:
    """Whether a reviewer's deny ended it, of a request that waited or of one that was approved and not yet used."""
    if request.status is Status.REVOKED:
        return bool(request.votes) and not request.votes[-1].approve
    return request.status is Status.DENIED


def vetoed(quorum: Quorum, votes: Iterable[Vote]) -> bool:
    """Whether as many of its groups have denied as this profile says end it."""
    groups = groups_of([quorum])
    return len({vote.human for vote in votes if not vote.approve and vote.groups & groups}) >= quorum.denials


def groups_of(quorums: Iterable[Quorum]) -> frozenset[str]:
    """Every group that is ever asked."""
    return frozenset(stage.group for quorum in quorums for stage in quorum.stages)


def still_counting(
    votes: Iterable[Vote],
    groups_now: Mapping[str, frozenset[str]],
    conflicts: Conflicts,
    links_now: Mapping[str, frozenset[str]],
) -> list[Vote]:
    """The votes as they count today: their voters valid, still members, and in no conflict since.

    `links_now` are the accounts of each voter's human today: two who have turned out to be one count once.
    """
    counting = []
    for vote in votes:
        groups = vote.groups & groups_now.get(vote.person, frozenset())
        ids = vote.ids | links_now.get(vote.person, frozenset())
        if groups and not (ids | {vote.person, vote.human}) & conflicts.keys():
            counting.append(replace(vote, groups=groups, ids=ids))
    return counting


def satisfiable(quorums: Sequence[Quorum], votes: Sequence[Vote], eligible: Mapping[str, frozenset[str]]) -> bool:
    """Whether `eligible` (human → groups) who have not voted could fill what is left, each taking one slot.

    A bipartite matching of slots to people (Kuhn's augmenting paths): two groups that share their only member
    cannot both be served.
    """
    used = {name for vote in votes for name in vote.ids | {vote.human}}
    free = {human: groups for human, groups in eligible.items() if human not in used}
    left = zip(fill(quorums, votes), _line(quorums), strict=True)
    slots = [stage.group for taken, (_, stage) in left for _ in range(stage.count - taken)]
    if len(slots) > len(free):
        return False
    holder: dict[str, int] = {}
    place = _placer(slots, free, holder)
    return all(place(slot, set()) for slot in range(len(slots)))


def _line(quorums: Iterable[Quorum]) -> list[tuple[Quorum, Stage]]:
    return [(quorum, stage) for quorum in quorums for stage in quorum.stages]


def _placer(
    slots: Sequence[str], free: Mapping[str, frozenset[str]], holder: dict[str, int]
) -> Callable[[int, set[str]], bool]:
    def place(slot: int, seen: set[str]) -> bool:
        for human, groups in free.items():
            if slots[slot] in groups and human not in seen:
                seen.add(human)
                if human not in holder or place(holder[human], seen):
                    holder[human] = slot
                    return True
        return False

    return place


def _stepped_up(quorum: Quorum, vote: Vote) -> bool:
    return quorum.step_up is None or vote.step_up == quorum.step_up
