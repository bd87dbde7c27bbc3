"""Where a query's shape depends on values: how many rows it has, which of them count, and whether it fails."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.gateways.postgres.lineage.nodetree import Node, Value

CALLS = frozenset({"OPEXPR", "FUNCEXPR", "AGGREF", "WINDOWFUNC"})
WHOLE_DOCUMENT = "64 0 0 0 1 0 0 -128 27 0 0 0 0 0 0 0"
"""The jsonpath `$`, as the bytes of its datum."""
ARRAY_SUBLINK = "6"
TYPE_FIELDS = (
    "vartype consttype paramtype funcresulttype opresulttype aggtype wintype resulttype casetype coalescetype".split()
)
SCALARS = frozenset("16 17 19 20 21 23 25 26 114 700 701 1042 1043 1082 1083 1114 1184 1186 1700 2950 3802".split())
"""OIDs of built-in types: bool, bytea, name, numbers, texts, json, dates and times, uuid, jsonb."""
JSON_PARSE, JSON_EXISTS = "5", "0"
FAILS = "1"
"""JSON_BEHAVIOR_ERROR in src/include/nodes/primnodes.h."""


def row_counts(query: Node) -> Iterator[Value]:
    """Expressions that say how many rows there are: LIMIT, OFFSET, a window's frame, a sample's size."""
    yield query.fields.get("limitOffset")
    yield query.fields.get("limitCount")
    for window in query.nodes("windowClause"):
        yield window.fields.get("startOffset")
        yield window.fields.get("endOffset")
    for entry in query.nodes("rtable"):
        sample = entry.node("tablesample")
        if sample is not None:
            yield from (sample.fields.get("args"), sample.fields.get("repeatable"))


def grouped(query: Node) -> Iterator[str]:
    """References (`ressortgroupref`) of GROUP BY and DISTINCT."""
    for name in ("groupClause", "distinctClause"):
        yield from (clause.text("tleSortGroupRef") for clause in query.nodes(name))


def conditions(node: Node) -> Iterator[Value]:
    """What decides by itself, and need not be a comparison: `WHERE deceased`, `CASE WHEN JSON_EXISTS(…)`."""
    if node.name in ("FROMEXPR", "JOINEXPR"):
        yield node.fields.get("quals")
    elif node.name == "BOOLEXPR":
        yield from node.items("args")
    elif node.name == "BOOLEANTEST":
        yield node.fields.get("arg")
    elif node.name == "CASEWHEN":
        yield node.fields.get("expr")
    elif node.name == "MERGEACTION":
        yield node.fields.get("qual")
    elif node.name == "ONCONFLICTEXPR":
        yield node.fields.get("arbiterWhere")
        yield node.fields.get("onConflictWhere")
    yield node.fields.get("aggfilter")


def makes_rows(node: Node) -> Iterator[Value]:
    """Arguments of what makes as many rows as its arguments say; an array written out always has as many elements."""
    if node.flag("funcretset") or node.flag("opretset"):
        arguments = node.items("args")
        if not (len(arguments) == 1 and isinstance(arguments[0], Node) and arguments[0].name == "ARRAYEXPR"):
            yield from arguments
    elif node.name == "TABLEFUNC" and not _is_one_row(node):
        yield node.fields.get("docexpr")
        yield node.fields.get("rowexpr")
        yield node.fields.get("passingvalexprs")


def _is_one_row(table: Node) -> bool:
    """JSON_TABLE over `$`, with nothing nested: one row for one document."""
    plan = table.node("plan")
    path = plan.node("path") if plan is not None and plan.name == "JSONTABLEPATHSCAN" else None
    value = path.node("value") if path is not None else None
    if plan is None or value is None or plan.node("child") is not None or plan.flag("errorOnError"):
        return False
    return value.text("_datum") == WHOLE_DOCUMENT and not any(map(can_fail, table.nodes("colvalexprs")))


def can_fail(node: Node) -> bool:
    """Whether this node, which calls no function, raises an error for some values."""
    if node.name in ("COERCETODOMAIN", "XMLEXPR"):
        return True
    if node.name == "ARRAYCOERCEEXPR":
        element = node.node("elemexpr")
        return element is None or element.name not in ("RELABELTYPE", "CASETESTEXPR")
    if node.name == "ARRAYEXPR":
        # Arrays within it must be of one length.
        return node.flag("multidims") and any(_may_be_longer(element) for element in node.items("elements"))
    if node.name == "SUBLINK":
        return node.text("subLinkType") == ARRAY_SUBLINK and not _has_scalars(node.node("subselect"))
    if node.name == "JSONCONSTRUCTOREXPR":
        return node.flag("unique") or node.text("type") == JSON_PARSE
    if node.name == "JSONEXPR":
        behaviours = [node.node(name) for name in ("on_empty", "on_error")]
        return any(b is not None and not _is_quiet(b) for b in behaviours)
    if node.name == "COALESCEEXPR":
        # What is only reached where the first is NULL may fail there.
        return not all(isinstance(a, Node) and a.name in ("CONST", "PARAM", "VAR") for a in node.items("args")[1:])
    return False


def _may_be_longer(element: Value) -> bool:
    return not isinstance(element, Node) or element.name not in ("ARRAYEXPR", "CONST")


def _has_scalars(query: Node | None) -> bool:
    """Whether the output of this query is of a type that is known to be no array."""
    shown = [entry for entry in query.nodes("targetList") if not entry.flag("resjunk")] if query is not None else []
    value = shown[0].node("expr") if len(shown) == 1 else None
    return value is not None and any(value.text(name) in SCALARS for name in TYPE_FIELDS)


def _is_quiet(behaviour: Node) -> bool:
    expression = behaviour.node("expr")
    if behaviour.text("btype") == FAILS:
        return False
    return expression is None or (
        expression.name in ("CONST", "COERCEVIAIO", "RELABELTYPE") and _is_constant(expression)
    )


def _is_constant(node: Node) -> bool:
    inner = node.node("arg") if node.name != "CONST" else node
    return inner is not None and inner.name == "CONST"
