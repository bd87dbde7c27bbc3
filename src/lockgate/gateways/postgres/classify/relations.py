"""Statements that read rows, write them, or make and drop what holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lockgate.gateways.postgres.classify.classified import Classified, refuse
from lockgate.gateways.postgres.classify.definitions import definition
from lockgate.gateways.postgres.classify.nodes import Fields, has_into, one, own_text, string
from lockgate.gateways.postgres.classify.parse import Statement, Tree, deparse, walk


def select(statement: Statement) -> Classified:
    nested = statement.tree.get("intoClause")
    if not has_into(statement.tree):
        return Classified("select", inner=own_text(statement))
    if nested is None:
        return refuse("SELECT INTO inside of a set operation does not pass", "use CREATE TABLE AS")
    tree = {key: value for key, value in statement.tree.items() if key != "intoClause"}
    return _created_as(cast(Fields, nested), "SelectStmt", tree)


def write(statement: Statement) -> Classified:
    return Classified("write", inner=own_text(statement))


def _created_as(into: Fields, node: str, tree: Fields, if_missing: bool = False) -> Classified:
    relation = cast(Fields, into.get("rel") or {})
    temporary = relation.get("relpersistence") == "t" or relation.get("schemaname") == "pg_temp"
    return Classified(
        "temp" if temporary else "ddl",
        ("sql.temp" if temporary else "sql.ddl",),
        inner=deparse(node, tree),
        temporary=str(relation.get("relname", "")) if temporary else "",
        if_missing=if_missing,
    )


def create_table_as(statement: Statement) -> Classified:
    node, tree = one(statement.tree["query"])
    if node == "ExecuteStmt":
        return refuse("CREATE TABLE AS EXECUTE does not pass", "write the query out")
    return _created_as(cast(Fields, statement.tree["into"]), node, tree, bool(statement.tree.get("if_not_exists")))


def create(statement: Statement) -> Classified:
    relation = cast(Fields, statement.tree.get("relation") or {})
    if relation.get("relpersistence") == "t" or relation.get("schemaname") == "pg_temp":
        if any(kind == "FuncCall" for kind, _ in walk(dict(statement.tree))):
            return refuse("a temporary table whose definition calls functions does not pass")
        return Classified("temp", ("sql.temp",), temporary=str(relation.get("relname", "")))
    return definition(statement)


def view(statement: Statement) -> Classified:
    view = cast(Fields, statement.tree.get("view") or {})
    temporary = view.get("relpersistence") == "t"
    return Classified("temp" if temporary else "ddl", ("sql.temp" if temporary else "sql.ddl",))


def drop(statement: Statement) -> Classified:
    objects = statement.tree.get("objects")
    if statement.node == "DropStmt" and isinstance(objects, list) and objects and all(map(_is_temporary, objects)):
        return Classified("temp", ("sql.temp",))
    if statement.tree.get("removeType") == "OBJECT_POLICY":
        return Classified("drop", ("sql.drop", "sql.grant"))
    return Classified("drop", ("sql.drop",))


def _is_temporary(item: Tree) -> bool:
    """A name that says `pg_temp.`: whatever it is, it is this session's own."""
    names = item.get("List") if isinstance(item, Mapping) else None
    items = names.get("items") if isinstance(names, Mapping) else None
    return isinstance(items, list) and len(items) == 2 and string(items[0]) == "pg_temp"
