"""Bound values as a reviewer reads them: placeholders like those of the text, equal ones alike; a LIMIT in clear."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from lockgate.gateways.postgres.classify.parse import Tree
from lockgate.gateways.postgres.classify.render import BOUNDS, Placeholders
from lockgate.gateways.postgres.resolve.statement import Statement

INTEGERS = {21: "!h", 23: "!i", 20: "!q"}
NUMBERS = frozenset({*INTEGERS, 26, 700, 701, 790, 1700})
WORDS = frozenset({18, 19, 25, 114, 705, 1042, 1043})
"""Types whose binary form is their text."""
MOST_DIGITS = 18


def parameters_of(
    statements: Sequence[Statement],
    values: Sequence[bytes | None],
    formats: Sequence[int],
    placeholders: Placeholders,
) -> tuple[str, ...]:
    """One line for each, `$1 is [text 2]`."""
    bounds = _bounds(statements) if values else frozenset()
    lines = []
    for number, value in enumerate(values, 1):
        oid, binary = _oid(statements, number), _binary(formats, number)
        lines.append(f"${number} is {_shown(value, oid, binary, number in bounds, placeholders)}")
    return tuple(lines)


def _shown(value: bytes | None, oid: int, binary: bool, bound: bool, placeholders: Placeholders) -> str:
    if value is None:
        return "null"
    kind = "number" if oid in NUMBERS else "text"
    text = _text(value, oid, binary)
    if text is None:
        return placeholders.of("value", value.hex())
    if bound and text.isascii() and text.lstrip("-").isdigit() and len(text) <= MOST_DIGITS:
        return f"{text}, a LIMIT or OFFSET"
    return placeholders.of(kind, text)


def _text(value: bytes, oid: int, binary: bool) -> str | None:
    """As it would stand in the statement; None where that is not known."""
    if binary and oid in INTEGERS:
        form = INTEGERS[oid]
        return str(struct.unpack(form, value)[0]) if len(value) == struct.calcsize(form) else None
    if binary and oid not in WORDS:
        return None
    return value.decode("utf-8", "replace")


def _oid(statements: Sequence[Statement], number: int) -> int:
    for statement in statements:
        oids = statement.analysis.parameter_oids if statement.analysis is not None else ()
        if number <= len(oids):
            return oids[number - 1]
    return 0


def _binary(formats: Sequence[int], number: int) -> bool:
    if len(formats) == 1:
        return formats[0] == 1
    return number <= len(formats) and formats[number - 1] == 1


def _bounds(statements: Sequence[Statement]) -> frozenset[int]:
    """Parameters that are a LIMIT or OFFSET and nothing else: the same value must not be read where it is a secret."""
    alone: set[int] = set()
    elsewhere: set[int] = set()
    stack: list[tuple[Tree, bool]] = [(dict(statement.parsed.tree), False) for statement in statements]
    while stack:
        item, bound = stack.pop()
        if isinstance(item, list):
            stack += [(one, False) for one in item]
        elif isinstance(item, Mapping):
            for key, value in item.items():
                if key == "ParamRef" and isinstance(value, Mapping):
                    number = value.get("number", 0)
                    (alone if bound else elsewhere).add(number if isinstance(number, int) else 0)
                else:
                    stack.append((value, key in BOUNDS or (bound and key in ("TypeCast", "arg"))))
    return frozenset(alone - elsewhere)
