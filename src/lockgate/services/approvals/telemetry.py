"""How reviewers decide: enough to see a rubber stamp, for whoever answers for the reviewers."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from sqlalchemy import Connection, select

from lockgate.approvals.model import SECOND
from lockgate.services.approvals.nouns import Rules
from lockgate.store.tables import approvals as t

ENOUGH = 20
"""Votes below which nothing is said about a person."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """`median_s` is the time from first opening a view to the vote; None when no view was opened first."""

    person: str
    votes: int
    approvals: int
    unopened: int
    median_s: float | None
    flags: tuple[str, ...]


def reviewers(conn: Connection, rules: Rules, since_at: int) -> list[Reviewer]:
    """One line a reviewer over the counted votes since an instant."""
    taken: dict[str, list[tuple[bool, int, int]]] = {}
    query = select(t.ballots.c.person, t.ballots.c.approve, t.ballots.c.at, t.ballots.c.opened_at)
    for row in conn.execute(query.where(t.ballots.c.counted.is_(True), t.ballots.c.at >= since_at)):
        taken.setdefault(row.person, []).append((row.approve, row.at, row.opened_at))
    return [_judge(person, votes, rules) for person, votes in sorted(taken.items())]


def _judge(person: str, votes: list[tuple[bool, int, int]], rules: Rules) -> Reviewer:
    times = [(at - opened_at) / SECOND for _, at, opened_at in votes if opened_at]
    approvals = sum(1 for approve, _, _ in votes if approve)
    middle = median(times) if times else None
    unopened = len(votes) - len(times)
    flags = []
    if len(votes) >= ENOUGH and approvals == len(votes):
        flags.append("never denied")
    if len(times) >= 5 and middle is not None and middle < rules.quick_s:
        flags.append("decides faster than one can read")
    if unopened > len(votes) // 2:
        flags.append("decides without opening the view")
    return Reviewer(person, len(votes), approvals, unopened, middle, tuple(flags))
