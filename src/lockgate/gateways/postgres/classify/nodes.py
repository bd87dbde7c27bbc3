"""Small readers of the syntax tree; each raises ValueError (or KeyError) for what is not as the grammar has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from lockgate.gateways.postgres.classify.parse import Statement, Tree

Fields: TypeAlias = Mapping[str, Tree]


def one(tree: Tree) -> tuple[str, Fields]:
    """The single `{Kind: fields}` of a wrapped node."""
    if not isinstance(tree, Mapping) or len(tree) != 1:
        raise ValueError("not a node")
    kind, fields = next(iter(tree.items()))
    if not isinstance(fields, Mapping):
        raise ValueError("not a node")
    return kind, fields


def string(tree: Tree) -> str:
    kind, fields = one(tree)
    if kind != "String":
        raise ValueError("not a name")
    return str(fields["sval"])


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def qualified(relation: Fields) -> str:
    parts = [str(relation[key]) for key in ("schemaname", "relname") if relation.get(key)]
    return ".".join(map(quote, parts))


def own_text(statement: Statement) -> str:
    return statement.text.strip().rstrip(";")


def has_into(tree: Tree) -> bool:
    """Whether a SELECT … INTO is in it, wherever: a set operation hides it in its first arm."""
    stack: list[Tree] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Mapping):
            if item.get("intoClause") is not None:
                return True
            stack.extend(item.values())
    return False
