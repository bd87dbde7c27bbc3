"""Names that the client made up, taken out of a tree: an alias can spell a patient's name.

What is called something by the catalog keeps its name. An alias, a CTE, a cursor, a prepared statement or a savepoint
that is called anything else becomes `name_1`, the same wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from lockgate.gateways.postgres.classify.parse import Tree, walk

DECLARING = frozenset({"aliasname", "ctename", "portalname", "savepoint_name", "refname", "conditionname"})
NAMED_NODES = frozenset(
    """
    ResTarget WindowDef PrepareStmt ExecuteStmt DeallocateStmt XmlExpr JsonTableColumn JsonTablePathSpec
    """.split()
)
"""Nodes whose `name` is (or may be) the client's."""
LISTS = frozenset({"fields", "colnames", "aliascolnames", "usingClause"})
"""Lists of names that speak of columns; those of functions, types and operators are the catalog's own."""


def renamed(node: str, fields: Mapping[str, Tree], known: frozenset[str]) -> Mapping[str, Tree]:
    """The node's fields with every made-up name replaced; `known` are names of tables and columns that it reaches."""
    tree: Mapping[str, Tree] = {node: fields}
    made_up = [name for name in dict.fromkeys(_declared(tree)) if name and name not in known]
    names = {name: f"name_{number}" for number, name in enumerate(made_up, 1)}
    return cast("Mapping[str, Mapping[str, Tree]]", _replaced(tree, names, False))[node] if names else fields


def _declared(tree: Tree) -> Iterator[str]:
    stack: list[Tree] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, Mapping):
            for key, value in item.items():
                if key in DECLARING or (key == "colname" and isinstance(value, str)):
                    yield str(value)
                elif key in NAMED_NODES and isinstance(value, Mapping):
                    yield str(value.get("name", ""))
                elif key in ("colnames", "aliascolnames"):
                    yield from (str(fields.get("sval", "")) for kind, fields in walk(value) if kind == "String")
            stack.extend(reversed(list(item.values())))


def _replaced(tree: Tree, names: Mapping[str, str], of_columns: bool) -> Tree:
    if isinstance(tree, list):
        return [_replaced(item, names, of_columns) for item in tree]
    if not isinstance(tree, Mapping):
        return tree
    out: dict[str, Tree] = {}
    for key, value in tree.items():
        if isinstance(value, str) and key in (*DECLARING, "name", "colname", "relname"):
            out[key] = names.get(value, value)
        elif key == "String" and of_columns and isinstance(value, Mapping):
            out[key] = {**value, "sval": names.get(str(value.get("sval", "")), value.get("sval"))}
        else:
            out[key] = _replaced(value, names, key in LISTS or (of_columns and key == "String"))
    return out
