"""Reader for `pg_node_tree` text, PostgreSQL's dump of an analysed query (src/backend/nodes/outfuncs.c).

A node is `{NAME :field value …}`, a list `(a b c)`, NULL `<>`. A field is always followed by exactly one value, so
that a column alias which looks like a field (`AS ":resno"`) cannot shift what is read. The bytes of a constant,
`4 [ 1 0 0 0 ]`, are the one value of two words; in a name every space is escaped, so that no name reads like them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

Value: TypeAlias = "Node | list[Value] | str | None"

FUNCTION_FIELDS = ("funcid", "opfuncid", "aggfnoid", "winfnoid")
"""Fields of a node that hold the OID of a function which it calls."""

_TOKEN = re.compile(r'\[ [-0-9 ]*\]|[{}()]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s{}()\\])+', re.DOTALL)
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
    # One word at a time: a list of a long text's words is made in one breath, and nobody else runs meanwhile.
    words: Iterator[str] = map(itemgetter(0), _TOKEN.finditer(text))
    # An explicit stack: a tree is as deep as the client's expression. The outermost list holds the tree alone.
    whole: list[Value] = []
    around: list[tuple[dict[str, Value] | None, list[Value]]] = []
    fields: dict[str, Value] | None = None
    items = whole
    field = ""
    value: Value
    for word in words:
        if fields is not None and not field and word != "}":
            if word[:2] == "[ ":
                fields["_datum"] = word[2:-1].rstrip()
            elif word[0] == ":":
                field = word[1:]
            else:
                raise NodeTreeError("a field was expected")
            continue
        if word == "{":
            name = next(words, None)
            if name is None:
                raise NodeTreeError("a node without a name")
            inside: dict[str, Value] = {}
            value = Node(name, inside)
            _place(value, fields, items, field)
            around.append((fields, items))
            fields, field = inside, ""
        elif word == "(":
            begun: list[Value] = []
            _place(begun, fields, items, field)
            around.append((fields, items))
            fields, items, field = None, begun, ""
        elif word == "}" or word == ")":
            if not around or field or (word == "}") is (fields is None):
                raise NodeTreeError("a node or a list ends where it must not")
            fields, items = around.pop()
        elif fields is not None:
            fields[field] = _scalar(word)
            field = ""
        else:
            items.append(_scalar(word))
    if around or len(whole) != 1:
        raise NodeTreeError("the tree is cut short, or there is more than one")
    return whole[0]


def _place(value: Value, fields: dict[str, Value] | None, items: list[Value], field: str) -> None:
    if fields is None:
        items.append(value)
    else:
        fields[field] = value


def _scalar(word: str) -> Value:
    if word == "<>":
        return None
    bare = word[1:-1] if word[0] == '"' else word
    return _ESCAPE.sub(r"\1", bare) if "\\" in bare else bare


def constant_text(value: Value) -> str:
    """The text of a constant, lower case; empty for anything else."""
    if not isinstance(value, Node) or value.name != "CONST" or value.text("consttype") not in ("25", "705"):
        return ""
    octets = bytes(int(word) & 0xFF for word in value.text("_datum").split())
    return octets[4:].decode("utf-8", "replace").lower()


def every_node(value: Value) -> Iterator[Node]:
    stack: list[Node | list[Value]] = [value] if isinstance(value, Node | list) else []
    while stack:
        item = stack.pop()
        inner: Iterable[Value]
        if isinstance(item, Node):
            yield item
            inner = item.fields.values()
        else:
            inner = item
        stack += [one for one in inner if one.__class__ is Node or one.__class__ is list]


def own_nodes(value: Value) -> Iterator[Node]:
    """Those of one query's level: what stands in a query beneath it is left out."""
    stack: list[Value] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Node) and item.name != "QUERY":
            yield item
            stack.extend(item.fields.values())
