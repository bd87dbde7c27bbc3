"""Which literals of a statement may be exchanged for others of their kind without another analysis."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.gateways.postgres.lineage.metadata import Metadata
from lockgate.gateways.postgres.lineage.nodetree import Node, Value, own_nodes
from lockgate.gateways.postgres.lineage.probes import BOOLEAN_OID, COMPARISONS
from lockgate.gateways.postgres.lineage.scope import RELATION

TABLES = frozenset({"r", "p", "m"})


def exchangeable(tree: Node, metadata: Metadata) -> int:
    """How many constants the tree has, if each is a direct operand of a comparison with a plain column; else -1.

    The caller must hold it against the number of literals in the text: those that are no constants of the tree
    (`ORDER BY 1`, `varchar(10)`) decide something else. Booleans and NULL are keywords, so they count as neither.
    """
    constants = direct = 0
    for query in _queries(tree):
        for node in own_nodes(list(query.fields.values())):
            constants += node.name == "CONST"
            direct += _is_direct(node, query, metadata)
    return constants if constants == direct else -1


def _is_direct(node: Node, query: Node, metadata: Metadata) -> bool:
    if node.name != "OPEXPR" or node.text("opresulttype") != BOOLEAN_OID:
        return False
    function = metadata.functions.get(node.number("opfuncid"))
    if function is None or not function.builtin or not function.name.endswith(COMPARISONS):
        return False
    operands = [operand for operand in node.items("args") if isinstance(operand, Node)]
    if len(operands) != 2:
        return False
    return any(
        _is_literal(one) and _is_plain_column(other, query, metadata) for one, other in (operands, reversed(operands))
    )


def _is_literal(node: Node) -> bool:
    return node.name == "CONST" and not node.flag("constisnull") and node.text("consttype") != BOOLEAN_OID


def _is_plain_column(node: Node, query: Node, metadata: Metadata) -> bool:
    inner = node.node("arg") if node.name == "RELABELTYPE" else node
    if inner is None or inner.name != "VAR" or inner.number("varlevelsup") or inner.number("varattno") <= 0:
        return False
    entries = query.nodes("rtable")
    number = inner.number("varno")
    if not 1 <= number <= len(entries) or entries[number - 1].number("rtekind") != RELATION:
        return False
    relation = metadata.relations.get(entries[number - 1].number("relid"))
    return relation is not None and relation.kind in TABLES


def _queries(tree: Node) -> Iterator[Node]:
    stack: list[Value] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Node):
            if item.name == "QUERY":
                yield item
            stack.extend(item.fields.values())
