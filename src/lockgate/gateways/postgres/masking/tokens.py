"""Masked values must not come back as data: a program that writes every field it read would store `[NAME]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from lockgate.action import PHI_CLASSES
from lockgate.gateways.postgres.classify.parse import Tree, walk

_CLASSES = "|".join(cls.upper() for cls in PHI_CLASSES)
_MASKED = re.compile(rf"\[(?:{_CLASSES})\]|\b(?:{_CLASSES})-[0-9A-HJKMNP-TV-Z]{{13}}\b".encode())
_LONGEST = max(map(len, PHI_CLASSES)) + 1 + 13 + 1
"""The longest token in bytes, and one that ends it."""


def holds_token(text: bytes) -> bool:
    """Whether a text holds what Lockgate itself puts in a masked value's place."""
    return _MASKED.search(text) is not None


def any_token(text: bytes, values: Sequence[bytes | None]) -> bool:
    return holds_token(text) or any(value is not None and holds_token(value) for value in values)


class TokenWatch:
    """Looks for masked values in a stream of rows, also where one is cut in two by the messages."""

    def __init__(self) -> None:
        self._tail = b""

    def sees(self, rows: bytes) -> bool:
        text = self._tail + rows
        self._tail = text[-_LONGEST:]
        return holds_token(text)


def column_of_token(tree: Mapping[str, Tree], values: Sequence[bytes | None]) -> str:
    """The column that a masked value is written to or compared with; empty where the tree does not say it simply."""
    for name, written in _pairs(tree):
        for kind, fields in walk(written):
            if kind == "A_Const" and holds_token(repr(fields).encode()):
                return name
            number = fields.get("number", 0) if kind == "ParamRef" else 0
            value = values[number - 1] if isinstance(number, int) and 0 < number <= len(values) else None
            if value is not None and holds_token(value):
                return name
    return ""


def _pairs(tree: Mapping[str, Tree]) -> Iterator[tuple[str, Tree]]:
    """`(column, expression)` of assignments, inserted rows and comparisons."""
    columns = [_fields(item).get("name") for item in cast("list[Tree]", tree.get("cols") or [])]
    for row in cast("list[Tree]", _fields(tree.get("selectStmt")).get("valuesLists") or []):
        items = cast("list[Tree]", _fields(row).get("items") or [])
        yield from ((str(column), item) for column, item in zip(columns, items, strict=False))
    for kind, fields in walk(dict(tree)):
        if kind == "ResTarget" and fields.get("name"):
            yield str(fields["name"]), fields.get("val")
        elif kind == "A_Expr":
            yield _last_name(fields.get("lexpr")), fields.get("rexpr")
            yield _last_name(fields.get("rexpr")), fields.get("lexpr")


def _fields(tree: Tree) -> Mapping[str, Tree]:
    """Those of a wrapped node, `{Kind: fields}`."""
    fields = next(iter(tree.values()), None) if isinstance(tree, Mapping) else None
    return fields if isinstance(fields, Mapping) else {}


def _last_name(tree: Tree) -> str:
    """`ssn` of `p.ssn`; empty for anything but a column."""
    names = [str(fields.get("sval", "")) for kind, fields in walk(tree) if kind == "String"]
    is_column = isinstance(tree, Mapping) and "ColumnRef" in tree
    return names[0] if is_column and names else ""
