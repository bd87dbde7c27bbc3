"""Reader for `pg_node_tree` text, PostgreSQL's dump of an analysed query (src/backend/nodes/outfuncs.c).

A node is `{NAME :field value …}`, a list `(a b c)`, NULL `<>`. A field is always followed by exactly one value, so
that a column alias which looks like a field (`AS ":resno"`) cannot shift what is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = "Node | list[Value] | str | None"

_TOKEN = re.compile(r'[{}()\[\]]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s{}()\\])+', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class NodeTreeError(ValueError):
    """The text is not what this reader understands: the statement cannot be analysed, so it is not run."""


@dataclass(slots=True)
class Node:
    """One node: its name in capitals (`VAR`, `OPEXPR`) and its fields."""

    name: str
    fields: dict[str, Value]

    def node(self, field: str) -> Node | None:
        value = self.fields.get(field)
        return value if isinstance(value, Node) else None

    def nodes(self, field: str) -> list[Node]:
        value = self.fields.get(field)
        return [v for v in value if isinstance(v, Node)] if isinstance(value, list) else []

    def items(self, field: str) -> list[Value]:
        value = self.fields.get(field)
        return value if isinstance(value, list) else []

    def number(self, field: str) -> int:
        value = self.fields.get(field)
        if not isinstance(value, str):
            raise NodeTreeError(f"{self.name} has no number {field}")
        try:
            return int(value)
        except ValueError as error:
            raise NodeTreeError(f"{self.name} has no number {field}") from error

    def text(self, field: str) -> str:
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""

    def flag(self, field: str) -> bool:
        return self.fields.get(field) == "true"


def read(text: str) -> Value:
    """The whole tree; NodeTreeError for anything left over or cut short."""
    tokens = _TOKEN.findall(text)
    position = 0

    # An explicit stack: a tree is as deep as the client's expression.
    stack: list[tuple[str, Node | list[Value], str]] = []
    result: Value = None
    have = False

    def place(value: Value) -> None:
        nonlocal result, have
        if not stack:
            if have:
                raise NodeTreeError("more than one value")
            result, have = value, True
            return
        kind, target, field = stack[-1]
        if kind == "node":
            assert isinstance(target, Node)
            if not field:
                raise NodeTreeError("a value without its field")
            target.fields[field] = value
            stack[-1] = (kind, target, "")
        else:
            assert isinstance(target, list)
            target.append(value)

    count = len(tokens)
    while position < count:
        word = tokens[position]
        position += 1
        if stack and stack[-1][0] == "node" and not stack[-1][2] and word not in ("}", "["):
            if not word.startswith(":"):
                raise NodeTreeError("a field was expected")
            stack[-1] = ("node", stack[-1][1], word[1:])
        elif word == "{":
            if position >= count:
                raise NodeTreeError("a node without a name")
            stack.append(("node", Node(tokens[position], {}), ""))
            position += 1
        elif word == "(":
            stack.append(("list", [], ""))
        elif word == "[":
            # The bytes of a Datum, behind its length.
            start = position
            while position < count and tokens[position] != "]":
                position += 1
            if stack and isinstance(stack[-1][1], Node):
                stack[-1][1].fields["_datum"] = " ".join(tokens[start:position])
            position += 1
        elif word == "}":
            if not stack or stack[-1][0] != "node" or stack[-1][2]:
                raise NodeTreeError("a node ends where it must not")
            place(stack.pop()[1])
        elif word == ")":
            if not stack or stack[-1][0] != "list":
                raise NodeTreeError("a list ends where it must not")
            place(stack.pop()[1])
        else:
            place(_scalar(word))
    if stack or not have:
        raise NodeTreeError("the tree is cut short")
    return result


def _scalar(word: str) -> Value:
    if word == "<>":
        return None
    if word.startswith('"'):
        return _ESCAPE.sub(r"\1", word[1:-1])
    return _ESCAPE.sub(r"\1", word)


def constant_text(value: Value) -> str:
    """The text of a constant, lower case; empty for anything else."""
    if not isinstance(value, Node) or value.name != "CONST" or value.text("consttype") not in ("25", "705"):
        return ""
    octets = bytes(int(word) & 0xFF for word in value.text("_datum").split())
    return octets[4:].decode("utf-8", "replace").lower()
