"""The three steps of a decision: ask what is so, ask what people could change, never confuse the two.

1. Every question is asked with the profiles that are really satisfied. All must be allowed.
2. If one is not, sets of profiles are supposed to be satisfied, single ones first and weaker before
   stronger; the first set under which everything is allowed is what people are asked for. If there is none,
   it is a deny.
3. What was supposed executes nothing: after the votes the caller asks again with what is really satisfied.

What is shown unmasked: a class that the requester named goes through the same steps. A class that nobody
named is shown only where policy shows it to everybody alike, with no profile and no broken glass: so an
approval for masked rows never unmasks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from lockgate.action import Effect, Principal
from lockgate.policy.engine import Answer, Ask, Session
from lockgate.policy.model import Profile, Query

NOBODY: frozenset[str] = frozenset()

MAX_QUESTIONS = 500
"""A tenth of a second. One statement over hundreds of relations that probes many classes must not hold up
everybody else; an ordinary one raises fewer than twenty."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What became of each question: `now` with what is satisfied, `then` with what people would add."""

    effect: Effect
    asks: tuple[Ask, ...]
    now: tuple[Answer, ...]
    then: tuple[Answer, ...]
    profiles: tuple[str, ...]
    revealed: frozenset[str]


def questions(query: Query, principals: Sequence[Principal]) -> tuple[Ask, ...]:
    """All that must be allowed: operations, and each probe, look-up and named class on every resource."""
    resources = _resources(query)
    pairs = [(q.operation, q.resource) for q in query.questions]
    for family, classes in (
        ("probe", query.probes),
        ("lookup", query.lookups),
        ("reveal", query.reveal & query.classes),
    ):
        pairs += [(f"{family}.{cls}", resource) for cls in sorted(classes) for resource in resources]
    return tuple(Ask(p, action, resource) for action, resource in dict.fromkeys(pairs) for p in principals)


def weigh(
    session: Session,
    query: Query,
    satisfied: frozenset[str],
    profiles: Mapping[str, Profile],
    relevant: Mapping[str, frozenset[str]],
    showable: frozenset[str],
) -> Weighed:
    """Take the steps. `satisfied` names known profiles only, and is what Lockgate has really seen met.

    `relevant` names the profiles that matter to an action, `showable` the `reveal.*` that some permit might
    allow for a class that nobody named.
    """
    asks = questions(query, session.principals) if query.questions else ()
    if not 0 < len(asks) <= MAX_QUESTIONS:
        return Weighed(Effect.DENY, asks, (), (), (), NOBODY)
    now, shown = _first_batch(session, query, asks, satisfied, showable)
    revealed = frozenset(shown | (query.reveal & query.classes))
    if all(a.allowed for a in now):
        return Weighed(Effect.ALLOW, asks, now, now, (), revealed)
    found = _suppose(session, asks, now, satisfied, profiles, relevant)
    if found is None:
        return Weighed(Effect.DENY, asks, now, now, (), NOBODY)
    added, then = found
    return Weighed(Effect.REQUIRE, asks, now, then, added, revealed)


def _resources(query: Query) -> list[str]:
    return sorted({q.resource for q in query.questions})


def _first_batch(
    session: Session, query: Query, asks: Sequence[Ask], satisfied: frozenset[str], showable: frozenset[str]
) -> tuple[tuple[Answer, ...], frozenset[str]]:
    """The real answers, and the classes that are shown without having been named."""
    unnamed = [cls for cls in sorted(query.classes - query.reveal) if f"reveal.{cls}" in showable]
    first, *others = _resources(query)

    def offers(classes: Sequence[str], resources: Sequence[str]) -> list[tuple[str, Ask]]:
        return [
            (cls, Ask(p, f"reveal.{cls}", resource, asked=False))
            for cls in classes
            for resource in resources
            for p in session.principals
        ]

    if len(unnamed) * len(others) * len(session.principals) > MAX_QUESTIONS:
        unnamed = []  # masked rather than late
    offered = offers(unnamed, [first])
    answers = session.ask([(ask, satisfied) for ask in asks] + [(ask, NOBODY) for _, ask in offered])
    now = tuple(answers[: len(asks)])
    hidden = {cls for (cls, _), a in zip(offered, answers[len(asks) :], strict=True) if not a.allowed}
    if others and hidden != set(unnamed):  # most classes are hidden by the first resource: no need to ask on
        offered = offers([cls for cls in unnamed if cls not in hidden], others)
        answers = session.ask([(ask, NOBODY) for _, ask in offered])
        hidden |= {cls for (cls, _), a in zip(offered, answers, strict=True) if not a.allowed}
    return now, frozenset(unnamed) - hidden


def candidates(names: Sequence[str]) -> Iterator[list[tuple[str, ...]]]:
    """Sets by size, then by their strongest, then by the next. `names` come in their total order."""
    for size in range(1, len(names) + 1):
        places = sorted(combinations(range(len(names)), size), key=lambda c: c[::-1])
        yield [tuple(names[i] for i in c) for c in places]


def _suppose(
    session: Session,
    asks: Sequence[Ask],
    now: Sequence[Answer],
    satisfied: frozenset[str],
    profiles: Mapping[str, Profile],
    relevant: Mapping[str, frozenset[str]],
) -> tuple[tuple[str, ...], tuple[Answer, ...]] | None:
    """The weakest set of profiles under which everything is allowed, and the answers it gives."""
    matters = [relevant.get(ask.action, NOBODY) - satisfied for ask in asks]
    if any(a.broken or (not a.allowed and not m) for a, m in zip(now, matters, strict=True)):
        return None
    known: dict[tuple[int, frozenset[str]], Answer] = {(i, NOBODY): a for i, a in enumerate(now)}
    union = frozenset().union(*matters)
    for sets in candidates([name for name in profiles if name in union]):
        # One batch for all sets of a size: what a question does not hang on is not asked twice.
        open_ = dict.fromkeys(
            key for s in sets for i, m in enumerate(matters) if (key := (i, m.intersection(s))) not in known
        )
        answers = session.ask([(asks[i], satisfied | some) for i, some in open_])
        known.update(zip(open_, answers, strict=True))
        for chosen in sets:
            then = tuple(known[i, m.intersection(chosen)] for i, m in enumerate(matters))
            if all(a.allowed for a in then):
                return chosen, then
    return None
