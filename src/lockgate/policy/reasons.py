"""Why: the policies that determined a decision, by id and title, in the order of the questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockgate.action import Effect, Reason
from lockgate.policy.engine import Answer, Ask
from lockgate.policy.source import NO_PERMIT, NOT_EVALUATED, NOTHING_ASKED, TOO_MANY
from lockgate.policy.steps import Weighed


def reasons_of(weighed: Weighed, titles: Mapping[str, str]) -> tuple[Reason, ...]:
    """What permits it; or, where people are wanted, what wants them; or what stands against it."""
    return tuple(dict.fromkeys(_reasons(weighed, titles)))


def _reasons(weighed: Weighed, titles: Mapping[str, str]) -> Iterator[Reason]:
    if not weighed.asks:
        yield Reason(NOTHING_ASKED, "Nothing was asked of policy, so nothing is allowed")
    elif not weighed.now:
        yield Reason(TOO_MANY, f"This raises {len(weighed.asks)} questions at once: take it apart")
        return
    for ask, now, then in zip(weighed.asks, weighed.now, weighed.then, strict=True):
        if weighed.effect is Effect.ALLOW:
            yield from _named(now, titles)
        elif now.allowed:
            continue
        elif weighed.effect is Effect.REQUIRE:
            yield from _named(now, titles)  # a forbid that people lift
            yield from _named(then, titles)
        else:
            yield from against(ask, now, titles)


def against(ask: Ask, answer: Answer, titles: Mapping[str, str]) -> Iterator[Reason]:
    """What stands against a denied question. Cedar's own error text is left out: it may quote the context."""
    if answer.broken:
        yield Reason(NOT_EVALUATED, f"Policy could not be evaluated for {ask.action} on {ask.resource}")
    elif answer.policies:
        yield from _named(answer, titles)
    else:
        yield Reason(NO_PERMIT, f"No policy lets {ask.principal.id} do {ask.action} on {ask.resource}")


def _named(answer: Answer, titles: Mapping[str, str]) -> Iterator[Reason]:
    for id in sorted(answer.policies):
        yield Reason(id, titles.get(id, ""))
