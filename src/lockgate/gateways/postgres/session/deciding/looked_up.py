"""How many records one message looks up: constants in its text, and the members of arrays among its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import cast

from lockgate.gateways.postgres.classify.parse import Tree, walk
from lockgate.gateways.postgres.resolve.statement import Statement

PREPARES = "prepare"
"""It looks nothing up yet. A cursor does: what its FETCHes will show is what its DECLARE names."""


def looked_up(statements: Sequence[Statement], values: Sequence[bytes | None], formats: Sequence[int]) -> int:
    """Never fewer than the server will compare with: commas inside of quotes separate too."""
    total = 0
    for statement in statements:
        analysis, classified = statement.analysis, statement.classified
        if analysis is None or not classified.runs or classified.kind == PREPARES:
            continue
        total += analysis.asked.values
        if classified.kind == "execute":
            total += _written(statement, analysis.asked.arrays)
            continue
        for number in analysis.asked.arrays:
            value = values[number - 1] if number <= len(values) else None
            total += 0 if value is None else _members(value, _format(formats, number - 1))
    return total


def _written(statement: Statement, numbers: Set[int]) -> int:
    """The members of an EXECUTE's arrays. They stand in its text as constants (`classify.named`), counted by what those
    say and not by how they are spelled: `E'{a\\x2cb}'` is two. White space separates as well, in an `oidvector`."""
    given = cast("list[Tree]", statement.parsed.tree.get("params") or [])
    return sum(
        _separated(fields)
        for number in numbers
        if number <= len(given)
        for kind, fields in walk(given[number - 1])
        if kind == "A_Const"
    )


def _separated(constant: Mapping[str, Tree]) -> int:
    text = constant.get("sval")
    word = str(next(iter(text.values()), "")) if isinstance(text, Mapping) else ""
    return 1 + word.count(",") + sum(map(str.isspace, word))


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
