"""Statements about a query that has a name or a wrapping: cursors, PREPARE and EXECUTE, EXPLAIN."""

from __future__ import annotations

from typing import cast

from lockgate.gateways.postgres.classify.classified import Classified, refuse
from lockgate.gateways.postgres.classify.nodes import has_into, one
from lockgate.gateways.postgres.classify.parse import Statement, Tree, deparse, walk

CURSOR_BINARY = 0x0001
CURSOR_HOLD = 0x0020
RESERVED = "lockgate_"
"""How the names begin under which the gateway keeps statements of its own in a client's session."""
RESERVED_WHY = f"names that begin with {RESERVED} are Lockgate's own"
RESERVED_HINT = "choose another name"
CONSTANT = frozenset(
    "A_Const A_ArrayExpr TypeCast TypeName SQLValueFunction ParamRef String Integer Float Boolean BitString".split()
)
"""What an EXECUTE's values are made of. An operator is a function by another name, and how many members it makes of an
array nobody sees."""
QUERIES = ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")


def declare(statement: Statement) -> Classified:
    options = statement.tree.get("options", 0)
    if isinstance(options, int) and options & CURSOR_HOLD:
        return refuse("a cursor WITH HOLD outlives its approval", "leave WITH HOLD out")
    if isinstance(options, int) and options & CURSOR_BINARY:
        return refuse("a BINARY cursor does not pass", "ask for binary results in the protocol")
    name = str(statement.tree["portalname"])
    if name.startswith(RESERVED):
        return refuse(RESERVED_WHY, RESERVED_HINT)
    return Classified("declare", inner=deparse(*one(statement.tree["query"])), name=name)


def fetch(statement: Statement) -> Classified:
    return Classified("fetch", name=str(statement.tree.get("portalname", "")))


def close(statement: Statement) -> Classified:
    name = str(statement.tree.get("portalname", ""))
    return Classified("close", name=name, whole=not name)


def prepare(statement: Statement) -> Classified:
    node, tree = one(statement.tree["query"])
    if node not in QUERIES:
        return refuse("only queries can be prepared")
    if has_into(tree):
        return refuse("SELECT INTO cannot be prepared")
    name = str(statement.tree["name"])
    if name.startswith(RESERVED):
        return refuse(RESERVED_WHY, RESERVED_HINT)
    types = tuple(_type_text(item) for item in cast("list[Tree]", statement.tree.get("argtypes") or []))
    return Classified("prepare", inner=deparse(node, tree), name=name, types=types)


def _type_text(item: Tree) -> str:
    _, fields = one(item)
    cast_tree: dict[str, Tree] = {
        "targetList": [
            {"ResTarget": {"val": {"TypeCast": {"arg": {"A_Const": {"isnull": True}}, "typeName": fields}}}}
        ],
        "limitOption": "LIMIT_OPTION_DEFAULT",
        "op": "SETOP_NONE",
    }
    return deparse("SelectStmt", cast_tree).split("::", 1)[1].strip()


def execute(statement: Statement) -> Classified:
    for argument in cast("list[Tree]", statement.tree.get("params") or []):
        if any(kind not in CONSTANT for kind, _ in walk(argument)):
            return refuse("EXECUTE takes constants here", "compute the value first")
    return Classified("execute", name=str(statement.tree["name"]))


def deallocate(statement: Statement) -> Classified:
    name = str(statement.tree.get("name", ""))
    return Classified("deallocate", name=name, whole=not name)


def explain(statement: Statement) -> Classified:
    node, tree = one(statement.tree["query"])
    options = [str(one(item)[1].get("defname", "")) for item in cast("list[Tree]", statement.tree.get("options") or [])]
    if node not in QUERIES:
        return refuse("only queries can be explained here")
    return Classified("explain", inner=deparse(node, tree), runs="analyze" in options)
