"""How many values a statement compares with: a look-up asks for each of them."""

from __future__ import annotations

from dataclasses import dataclass

from lockgate.gateways.postgres.lineage.metadata import Metadata
from lockgate.gateways.postgres.lineage.nodetree import Node, Value, every_node

UNWRAPPED = frozenset({"RELABELTYPE", "COLLATEEXPR", "COERCETODOMAIN", "ARRAYCOERCEEXPR"})
FROM_ROWS = frozenset({"VAR", "SUBLINK", "QUERY", "AGGREF", "WINDOWFUNC", "CASETESTEXPR"})
"""Nodes whose value is another for each row: what is compared with them is no constant."""
VOLATILE = "v"
MOST_DIMENSIONS = 6
"""MAXDIM in src/include/utils/array.h."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`values` are written out; each parameter of `arrays` (counted from 1) brings as many as its array has."""

    values: int = 0
    arrays: frozenset[int] = frozenset()

    def __add__(self, other: Asked) -> Asked:
        return Asked(self.values + other.values, self.arrays | other.arrays)


def asked(value: Value, array: bool, metadata: Metadata) -> Asked | None:
    """How many constants stand here (`array`: one that holds them); None for anything that is not constant."""
    node = value if isinstance(value, Node) else None
    while node is not None and node.name in UNWRAPPED:
        node = node.node("arg")
    if node is None or not is_constant(node, metadata):
        return None
    if not array:
        return Asked(1)
    if node.name == "ARRAYEXPR" and not node.flag("multidims"):
        return Asked(len(node.items("elements")))
    if node.name == "CONST":
        count = 0 if node.flag("constisnull") else _array_length(node)
        return None if count is None else Asked(count)
    if node.name == "PARAM" and node.text("paramkind") == "0":
        return Asked(0, frozenset({node.number("paramid")}))
    return None


def is_constant(node: Node, metadata: Metadata) -> bool:
    """Whether it is the same in every row."""
    for inner in every_node(node):
        if inner.name in FROM_ROWS or inner.flag("funcretset") or inner.flag("opretset"):
            return False
        oid = inner.text("funcid") or inner.text("opfuncid")
        if oid not in ("", "0"):
            function = metadata.functions.get(int(oid))
            if function is None or function.volatility == VOLATILE:
                return False
    return True


def _array_length(node: Node) -> int | None:
    """From the datum's bytes: length word, dimensions, offset, element type, then one length a dimension."""
    datum = bytes(int(word) & 0xFF for word in node.text("_datum").split() if word != "[")
    words = [int.from_bytes(datum[i : i + 4], "little") for i in range(0, len(datum) - 3, 4)]
    if len(words) < 4 or words[1] > MOST_DIMENSIONS or len(words) < 4 + words[1]:
        return None
    total = 1 if words[1] else 0
    for length in words[4 : 4 + words[1]]:
        total *= length
    return total
