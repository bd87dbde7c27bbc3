"""A decision laid open for people: each question, what became of it, and which policy made it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.action import JSON, Decision, Effect, Reason
from lockgate.policy.engine import Answer
from lockgate.policy.reasons import against
from lockgate.policy.steps import Weighed


@dataclass(frozen=True, slots=True)
class Line:
    """One question: who, what, on what; `outcome` is allowed, needs-people or denied."""

    principal: str
    action: str
    resource: str
    outcome: str
    policies: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why this principal, this action. Holds names of things only, never a value."""

    decision: Decision
    lines: tuple[Line, ...]

    def text(self) -> str:
        """A few lines to read."""
        d = self.decision
        rows = [_headline(d)]
        for line in self.lines:
            rows.append(f"  {line.outcome:12} {line.principal}: {line.action} on {line.resource}")
            rows += [f"{'':15}{_because(reason)}" for reason in line.policies]
        if not self.lines:
            rows += [f"  {_because(reason)}" for reason in d.reasons]
        if d.masked:
            rows.append(f"  masked: {', '.join(sorted(d.masked))}")
        if d.revealed:
            rows.append(f"  shown:  {', '.join(sorted(d.revealed))}")
        return "\n".join(rows)

    def body(self) -> JSON:
        d = self.decision
        return {
            "effect": d.effect.value,
            "profiles": list(d.profiles),
            "masked": sorted(d.masked),
            "revealed": sorted(d.revealed),
            "reasons": [{"id": r.policy_id, "title": r.title} for r in d.reasons],
            "policy_digest": d.policy_digest,
            "questions": [
                {
                    "principal": line.principal,
                    "action": line.action,
                    "resource": line.resource,
                    "outcome": line.outcome,
                    "policies": [{"id": r.policy_id, "title": r.title} for r in line.policies],
                }
                for line in self.lines
            ],
        }


def explain(decision: Decision, weighed: Weighed, titles: Mapping[str, str]) -> Explanation:
    lines = []
    if weighed.now:
        for ask, now, then in zip(weighed.asks, weighed.now, weighed.then, strict=True):
            if now.allowed:
                outcome, policies = "allowed", _reasons(now, titles)
            elif weighed.effect is Effect.REQUIRE:
                outcome, policies = "needs people", (*_reasons(now, titles), *_reasons(then, titles))
            else:
                outcome, policies = "denied", tuple(against(ask, now, titles))
            lines.append(Line(ask.principal.id, ask.action, ask.resource, outcome, policies))
    return Explanation(decision, tuple(lines))


def _reasons(answer: Answer, titles: Mapping[str, str]) -> tuple[Reason, ...]:
    return tuple(Reason(id, titles.get(id, "")) for id in sorted(answer.policies))


def _headline(decision: Decision) -> str:
    if decision.effect is Effect.REQUIRE:
        return f"require approval: {' and '.join(decision.profiles)}"
    return decision.effect.value


def _because(reason: Reason) -> str:
    return f"{reason.title} ({reason.policy_id})" if reason.title else reason.policy_id
