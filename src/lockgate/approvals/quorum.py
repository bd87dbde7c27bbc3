"""Counting: ordered stages, distinct humans, and whether the eligible people could satisfy them at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from lockgate.approvals.model import Conflicts, Quorum, Vote


def fill(quorum: Quorum, votes: Iterable[Vote]) -> tuple[int, ...]:
    """How many slots of each stage are taken.

    Approvals are taken in the order cast; each serves the first stage that is not full, if its voter is of
    that group. A stage opens only when those before it are full, and one human takes one slot, however many
    groups or accounts they have. A vote without the profile's step-up counts for nothing.
    """
    filled = [0] * len(quorum.stages)
    humans: set[str] = set()
    current = 0
    for vote in votes:
        if current == len(quorum.stages):
            break
        if not vote.approve or vote.human in humans or not _stepped_up(quorum, vote):
            continue
        if quorum.stages[current].group in vote.groups:
            filled[current] += 1
            humans.add(vote.human)
            if filled[current] >= quorum.stages[current].count:
                current += 1
    return tuple(filled)


def satisfied(quorum: Quorum, votes: Iterable[Vote]) -> bool:
    """Whether every stage is full."""
    return bool(quorum.stages) and all(
        taken >= stage.count for taken, stage in zip(fill(quorum, votes), quorum.stages, strict=True)
    )


def asked(quorum: Quorum, votes: Iterable[Vote]) -> str | None:
    """The group whose turn it is; None when nobody is needed any more."""
    for taken, stage in zip(fill(quorum, votes), quorum.stages, strict=True):
        if taken < stage.count:
            return stage.group
    return None


def groups_of(quorums: Iterable[Quorum]) -> frozenset[str]:
    """Every group that is ever asked."""
    return frozenset(stage.group for quorum in quorums for stage in quorum.stages)


def still_counting(votes: Iterable[Vote], groups_now: Mapping[str, frozenset[str]], conflicts: Conflicts) -> list[Vote]:
    """The votes as they count today: their voters valid, still members, and in no conflict since."""
    counting = []
    for vote in votes:
        groups = vote.groups & groups_now.get(vote.person, frozenset())
        if groups and not (vote.ids | {vote.person, vote.human}) & conflicts.keys():
            counting.append(
                Vote(
                    vote.person,
                    vote.human,
                    vote.ids,
                    groups,
                    vote.approve,
                    vote.at,
                    vote.step_up,
                    vote.reason,
                )
            )
    return counting


def satisfiable(quorum: Quorum, votes: Sequence[Vote], eligible: Mapping[str, frozenset[str]]) -> bool:
    """Whether `eligible` (human → groups) who have not voted could fill what is left, each taking one slot.

    A bipartite matching of slots to people (Kuhn's augmenting paths): two groups that share their only member
    cannot both be served.
    """
    taken = fill(quorum, votes)
    used = {vote.human for vote in votes}
    free = {human: groups for human, groups in eligible.items() if human not in used}
    slots = [stage.group for count, stage in zip(taken, quorum.stages, strict=True) for _ in range(stage.count - count)]
    holder: dict[str, int] = {}
    place = _placer(slots, free, holder)
    return all(place(slot, set()) for slot in range(len(slots)))


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
