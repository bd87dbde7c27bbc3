"""PostgreSQL's own grammar (libpg_query through postgast): a text to its statements, each as a JSON syntax tree.

The JSON tree is used because the protobuf one stops at about 45 nested operators. Nothing here decides anything.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import postgast
from postgast.native import lib

Tree: TypeAlias = "Mapping[str, Tree] | list[Tree] | str | int | bool | float | None"

DEEPEST = 2000


class ParseError(Exception):
    """The text is no SQL that PostgreSQL would take; `position` counts characters from 1."""

    def __init__(self, message: str, position: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its exact text, the kind of its root node (`SelectStmt` …) and that node's fields."""

    text: str = field(repr=False)
    node: str
    tree: Mapping[str, Tree] = field(repr=False)


def parse(sql: bytes) -> tuple[Statement, ...]:
    """All statements of a text, in order; none for white space and comments alone."""
    if b"\0" in sql:
        raise ParseError("a statement holds a zero byte")
    try:
        sql.decode()
    except UnicodeDecodeError as error:
        raise ParseError("a statement is not UTF-8") from error
    result = lib.pg_query_parse(sql)
    try:
        if result.error:
            found = result.error.contents
            message = ctypes.string_at(found.message).decode("utf-8", "replace")
            raise ParseError(message, str(found.cursorpos) if found.cursorpos > 0 else "")
        text = ctypes.string_at(result.parse_tree)
    finally:
        lib.pg_query_free_parse_result(result)
    try:
        tree = json.loads(text)
    except RecursionError as error:
        raise ParseError("a statement is nested too deeply") from error
    statements = []
    for raw in tree.get("stmts", []):
        start = raw.get("stmt_location", 0)
        length = raw.get("stmt_len", 0)
        piece = sql[start : start + length] if length else sql[start:]
        stmt = raw.get("stmt") or {}
        if len(stmt) != 1:
            raise ParseError("a statement has no kind")
        node, fields = next(iter(stmt.items()))
        statements.append(Statement(piece.decode(), node, fields))
    return tuple(statements)


def deparse(node: str, tree: Mapping[str, Tree]) -> str:
    """SQL for an inner statement that had to be unwrapped. Raises ParseError where that cannot be done exactly."""
    from google.protobuf import json_format  # heavy, and needed for unwrapping only
    from postgast.pg_query_pb2 import ParseResult

    document = {"version": 180004, "stmts": [{"stmt": {node: tree}}]}
    try:
        message = json_format.Parse(json.dumps(document), ParseResult())
        return cast(str, postgast.deparse(message))
    except Exception as error:
        raise ParseError("the inner statement cannot be taken out of its wrapping") from error


def walk(tree: Tree) -> Iterator[tuple[str, Mapping[str, Tree]]]:
    """Every node below (and at) `tree` as `(kind, fields)`, without recursion."""
    stack: list[Tree] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Mapping):
            for key, value in item.items():
                if key[:1].isupper() and isinstance(value, Mapping):
                    yield key, value
                stack.append(value)
