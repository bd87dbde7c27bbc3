"""COPY: rows out are an export of what a SELECT would read, rows in are a write; files and programs are neither."""

from __future__ import annotations

from typing import cast

from lockgate.gateways.postgres.classify.classified import Classified, refuse
from lockgate.gateways.postgres.classify.nodes import Fields, one, qualified, quote, string
from lockgate.gateways.postgres.classify.parse import Statement, Tree, deparse


def copy(statement: Statement) -> Classified:
    tree = statement.tree
    if tree.get("is_program") or tree.get("filename"):
        return Classified("files", ("sql.files",))
    if tree.get("is_from"):
        if tree.get("whereClause") is not None:
            return refuse(
                "COPY FROM … WHERE does not pass", "leave the rows that are not wanted out before sending them"
            )
        relation = cast(Fields, tree.get("relation") or {})
        return Classified(
            "copy_in", inner=_copy_target(relation, cast("list[Tree]", tree.get("attlist") or [])), copy=tree
        )
    if tree.get("query") is not None:
        inner = deparse(*one(tree["query"]))
    else:
        columns = [string(item) for item in cast("list[Tree]", tree.get("attlist") or [])]
        listed = ", ".join(map(quote, columns)) if columns else "*"
        inner = f"SELECT {listed} FROM {qualified(cast(Fields, tree['relation']))}"  # noqa: S608 - quoted identifiers
    return Classified("export", ("sql.export",), inner=inner, copy=tree)


def _copy_target(relation: Fields, columns: list[Tree]) -> str:
    """COPY FROM STDIN writes like an INSERT of NULLs into those columns; it is analysed as one."""
    names = [string(item) for item in columns]
    target = qualified(relation)
    if not names:
        return f"INSERT INTO {target} SELECT * FROM {target} WHERE false"  # noqa: S608 - quoted identifiers
    listed = ", ".join(map(quote, names))
    return f"INSERT INTO {target} ({listed}) VALUES ({', '.join('NULL' for _ in names)})"  # noqa: S608
