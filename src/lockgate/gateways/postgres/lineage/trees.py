"""Where the analysed tree of a statement comes from: the body of a temporary function, or what the server logs of it.

By function: it is created and rolled back, and `pg_proc.prosqlbody` is the tree; that needs TEMP and a primary. By
log: `debug_print_parse` shows the same tree at Parse to any role, also on a standby, but in the server's log too.
Nothing is executed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from lockgate.apart import apart
from lockgate.array_literal import array_literal
from lockgate.gateways.postgres.lineage.many_parameters import MOST_ARGUMENTS, ParameterType, gather, restore
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError, Value, read
from lockgate.gateways.postgres.lineage.side import Described, Row, Side
from lockgate.gateways.postgres.lineage.wrapped import unwrapped

TYPES = """
SELECT t.oid, pg_catalog.format_type(t.oid, NULL), pg_catalog.format_type(nullif(t.typarray, 0), NULL),
       t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc
  FROM pg_catalog.pg_type t WHERE t.oid = ANY ($1::oid[])
"""
BODY = """
SELECT prosqlbody::text FROM pg_catalog.pg_proc
 WHERE proname = 'lockgate_analysis' AND pronamespace = pg_catalog.pg_my_temp_schema()
"""
TITLE = "parse tree:"
"""Of debug_print_parse (src/backend/tcop/postgres.c); never translated."""
UTILITY = "6"
"""CMD_UTILITY in src/include/nodes/nodes.h: what the server made of it reads and writes as it likes."""
LONG_TREE = 1 << 18
"""A longer one is read in a thread of its own: other sessions must not wait for it."""


class By(StrEnum):
    """The choice of a connection, `analyse_by`."""

    FUNCTION = "function"
    LOG = "log"


async def analysed(text: str, oids: Sequence[int], side: Side, by: By) -> tuple[Described, Node]:
    """What the server makes of one statement, and its tree, a QUERY. `ServerError` where the server refuses it,
    `NodeTreeError` where the tree does not come out whole."""
    if by is By.LOG:
        described, notices = await side.describe_aloud(text, oids)
        return described, _only_query(await _read(_logged(notices)))
    described = await side.describe(text, oids)
    return described, await _body(text, described.parameter_oids, side)


async def _body(text: str, oids: Sequence[int], side: Side) -> Node:
    types = await _types(oids, side) if oids else {}
    gathered = await apart(lambda: gather(text, oids, types)) if len(oids) > MOST_ARGUMENTS else None
    arguments = ", ".join([types[oid].name for oid in oids] if gathered is None else gathered.arguments)
    body = text if gathered is None else gathered.text
    create = f"CREATE FUNCTION pg_temp.lockgate_analysis({arguments}) RETURNS void BEGIN ATOMIC {body}\n; END"
    try:
        answered = await side.fetch_all(("BEGIN",), (create,), (BODY,), ("ROLLBACK",))
    except BaseException:
        await side.fetch("ROLLBACK")
        raise
    tree = await _read(_one(answered[2]))
    if gathered is not None:
        restore(tree, oids, gathered)
    return _only_query(tree)


async def _types(oids: Sequence[int], side: Side) -> Mapping[int, ParameterType]:
    wanted = array_literal(sorted(set(oids)))
    types = {
        int(oid or 0): ParameterType(name or "", array or "", is_array == "t")
        for oid, name, array, is_array in await side.fetch(TYPES, wanted)
    }
    if not types.keys() >= set(oids):
        raise NodeTreeError("a parameter's type is gone")
    return types


def _one(rows: Sequence[Row]) -> str:
    if len(rows) != 1:
        raise NodeTreeError("the function is not to be found")
    return rows[0][0] or ""


def _logged(notices: Sequence[Mapping[str, str]]) -> str:
    """The printed tree; the server's settings may make it say other things as well."""
    trees = [n.get("D", "") for n in notices if n.get("V") == "LOG" and n.get("M") == TITLE]
    if len(trees) != 1:
        raise NodeTreeError("the server printed no single tree")
    return unwrapped(trees[0])


async def _read(text: str) -> Value:
    return await apart(lambda: read(text), len(text) > LONG_TREE)


def _only_query(tree: Value) -> Node:
    queries = [node for node in _flat(tree) if node.name == "QUERY"]
    if len(queries) != 1:
        raise NodeTreeError("the statement did not come out as one query")
    if queries[0].text("commandType") == UTILITY:
        raise NodeTreeError("the statement is no query")
    return queries[0]


def _flat(tree: Value) -> list[Node]:
    """prosqlbody is a list of lists of queries."""
    if isinstance(tree, Node):
        return [tree]
    return [node for item in tree for node in _flat(item)] if isinstance(tree, list) else []
