"""PostgreSQL's own grammar (libpg_query through postgast): a text to its statements, each as a JSON syntax tree.

The JSON tree is used because the protobuf one stops at about 45 nested operators. Nothing here decides anything.
"""

from __future__ import annotations

import ctypes
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import postgast
from postgast.native import lib

Tree: TypeAlias = "Mapping[str, Tree] | list[Tree] | str | int | bool | float | None"

LONGEST_TEXT_BYTES = 1 << 20
"""Parsing needs up to 350 times the text's size in memory. Large values travel as parameters or by COPY."""
LARGEST_TREE_BYTES = 16 << 20
SHALLOW_TEXT_BYTES = 16 << 10
"""A shorter text cannot nest deeply enough to overflow the stack of an ordinary thread."""
DEEP_STACK_BYTES = 256 << 20
"""The library writes its tree by recursion and checks no depth: `1+1+…` of 80,000 terms overflows 8 MB. Address space
only: a page that is not reached is never allocated."""

TOO_LONG = "54000"
TOO_COMPLEX = "54001"
"""program_limit_exceeded, statement_too_complex"""


class ParseError(Exception):
    """The text is no SQL that PostgreSQL would take, or more than is taken here.

    `position` counts characters from 1; `sqlstate` is a syntax error's unless a limit was reached.
    """

    def __init__(self, message: str, position: str = "", sqlstate: str = "42601", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.sqlstate = sqlstate
        self.hint = hint


def too_long() -> ParseError:
    return ParseError(
        f"a statement is longer than {LONGEST_TEXT_BYTES >> 20} MB",
        sqlstate=TOO_LONG,
        hint="send large values as parameters of a prepared statement, or by COPY",
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its exact text, the kind of its root node (`SelectStmt` …) and that node's fields."""

    text: str = field(repr=False)
    node: str
    tree: Mapping[str, Tree] = field(repr=False)


def parse(sql: bytes) -> tuple[Statement, ...]:
    """All statements of a text, in order; none for white space and comments alone. Raises ParseError."""
    if len(sql) > LONGEST_TEXT_BYTES:
        raise too_long()
    if b"\0" in sql:
        raise ParseError("a statement holds a zero byte")
    try:
        sql.decode()
    except UnicodeDecodeError as error:
        raise ParseError("a statement is not UTF-8") from error
    text = _tree(sql) if len(sql) <= SHALLOW_TEXT_BYTES else _on_a_deep_stack(sql)
    try:
        tree = json.loads(text)
    except RecursionError as error:
        raise ParseError("a statement is nested too deeply", sqlstate=TOO_COMPLEX) from error
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


def _tree(sql: bytes) -> bytes:
    """The library's JSON."""
    result = lib.pg_query_parse(sql)
    try:
        if result.error:
            found = result.error.contents
            message = ctypes.string_at(found.message).decode("utf-8", "replace")
            raise ParseError(message, str(found.cursorpos) if found.cursorpos > 0 else "")
        text = ctypes.string_at(result.parse_tree)
    finally:
        lib.pg_query_free_parse_result(result)
    if len(text) > LARGEST_TREE_BYTES:
        raise ParseError("a statement has too many parts", sqlstate=TOO_COMPLEX, hint="split it, or use COPY")
    return text


def _on_a_deep_stack(sql: bytes) -> bytes:
    outcome: list[bytes | ParseError] = []

    def run() -> None:
        try:
            outcome.append(_tree(sql))
        except ParseError as error:
            outcome.append(error)

    before = threading.stack_size(DEEP_STACK_BYTES)
    try:
        thread = threading.Thread(target=run, name="lockgate-parse", daemon=True)
        thread.start()
    except RuntimeError as error:
        raise ParseError("there is no room to parse a long statement now", sqlstate=TOO_COMPLEX) from error
    finally:
        threading.stack_size(before)
    thread.join()
    if not outcome:
        raise ParseError("a long statement could not be parsed", sqlstate=TOO_COMPLEX)
    if isinstance(outcome[0], ParseError):
        raise outcome[0]
    return outcome[0]


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


def has_positions(tree: Tree) -> bool:
    """Whether a literal is no value: the number of an output (`ORDER BY 1`) or a length (`varchar(10)`)."""
    stack: list[tuple[Tree, bool]] = [(tree, False)]
    while stack:
        item, listed = stack.pop()
        if isinstance(item, list):
            stack += [(one, listed) for one in item]
        elif isinstance(item, Mapping):
            for key, value in item.items():
                if (key == "A_Const" and listed) or (key == "typmods" and value):
                    return True
                inside = key in ("sortClause", "groupClause", "distinctClause")
                stack.append((value, inside or (listed and key in ("SortBy", "node", "GroupingSet", "content"))))
    return False
