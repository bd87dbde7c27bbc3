"""How many records one message looks up: constants in its text, and the members of arrays among its parameters."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.gateways.postgres.resolve.statement import Statement

RUNS_NOTHING = frozenset({"prepare", "declare"})


def looked_up(statements: Sequence[Statement], values: Sequence[bytes | None], formats: Sequence[int]) -> int:
    """Never fewer than the server will compare with: commas inside of quotes count as separators too."""
    total = 0
    for statement in statements:
        analysis, classified = statement.analysis, statement.classified
        if analysis is None or not classified.runs or classified.kind in RUNS_NOTHING:
            continue
        total += analysis.asked.values
        if classified.kind == "execute":
            # Its values stand in the text, among others.
            total += len(analysis.asked.arrays) and 1 + statement.text.count(",")
            continue
        for number in analysis.asked.arrays:
            value = values[number - 1] if number <= len(values) else None
            total += 0 if value is None else _members(value, _format(formats, number - 1))
    return total


def _format(formats: Sequence[int], index: int) -> int:
    if len(formats) == 1:
        return formats[0]
    return formats[index] if index < len(formats) else 0


def _members(value: bytes, binary: int) -> int:
    """Text: `{a,b}`. Binary (array_recv): dimensions, a flag, the element type, then a length and a bound for each."""
    if not binary:
        return 1 + value.count(b",")
    dimensions = int.from_bytes(value[:4], "big")
    if dimensions > 6 or len(value) < 12 + 8 * dimensions:
        return len(value)
    total = 1 if dimensions else 0
    for i in range(dimensions):
        total *= int.from_bytes(value[12 + 8 * i : 16 + 8 * i], "big")
    return total
