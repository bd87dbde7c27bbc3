"""How dangerous a request is, by one table; a profile can only raise it (decision record 0024).

The table is printed in docs/reference/policy.md, and a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lockgate.action import JSON, Action

RISKS = ("low", "medium", "high")

BY_OPERATION: Mapping[str, str] = {
    "sql.select": "low",
    "sql.session": "low",
    "sql.temp": "low",
    "sql.write": "medium",
    "sql.export": "medium",
}
"""Whatever is not named here is high."""

MANY_ROWS = 1000
TO_THE_CLIENT = "client"
"""The destination of an action that answers whoever asked, and nobody else."""


def judge(
    action: Action, revealed: frozenset[str], profiles: Mapping[str, JSON], rows: int, *, new: bool, odd: bool
) -> str:
    """`new`: something in it has not been done before; `odd`: some of it cannot be shown."""
    if odd:
        return "high"
    found = [BY_OPERATION.get(question.operation, "high") for question in action.questions] or ["high"]
    if revealed:
        found.append("medium" if 0 < rows <= MANY_ROWS else "high")
    if new or action.destination != TO_THE_CLIENT:
        found.append("medium")
    return highest([*found, *_floors(profiles)])


def highest(risks: Iterable[str]) -> str:
    return max(risks, key=RISKS.index)


def _floors(profiles: Mapping[str, JSON]) -> list[str]:
    named = [body.get("risk") for body in profiles.values() if isinstance(body, Mapping)]
    return [risk for risk in named if isinstance(risk, str) and risk in RISKS]
