"""Arithmetic on dates that tells less than the dates: an interval between two of one row, and the year."""

from __future__ import annotations

from collections.abc import Callable

from lockgate.gateways.postgres.lineage.metadata import Metadata
from lockgate.gateways.postgres.lineage.model import Column
from lockgate.gateways.postgres.lineage.nodetree import Node, Value, constant_text
from lockgate.gateways.postgres.lineage.scope import NOTHING, Flow

DATE_DIFFERENCES = frozenset({"date_mi", "timestamp_mi", "timestamptz_mi"})
AGE_OF_LOCAL_TIMES = 2058
"""The OID of age(timestamp, timestamp). That of instants reads a clock that the client may choose: it would tell on
which side of any change to summer time a date lies."""
CONVERSIONS = frozenset({"timestamp", "timestamptz"})
EXTRACTS = frozenset({"extract", "date_part", "date_trunc"})


def date_arithmetic(
    node: Node, metadata: Metadata, flow_of: Callable[[Value], Flow], tells_age: Callable[[Column], bool]
) -> Flow | None:
    """How long between two dates of one row, and which year: neither is PHI (164.514(b)(2)(i)(C) keeps years).

    None where the node is no such arithmetic, or may tell an age: then it is judged like any other.
    """
    if node.name not in ("OPEXPR", "FUNCEXPR"):
        return None
    oid = node.text("opfuncid") or node.text("funcid")
    function = metadata.functions.get(int(oid)) if oid else None
    if function is None or not function.builtin:
        return None
    arguments = node.items("args")
    if (function.name in DATE_DIFFERENCES or function.oid == AGE_OF_LOCAL_TIMES) and len(arguments) == 2:
        one, other = (flow_of(a) for a in arguments)
        first, second = one.exact, other.exact
        if first and second and first != second and one.row and one.row == other.row:
            return None if tells_age(first) or tells_age(second) else NOTHING
    if function.name in EXTRACTS and len(arguments) == 2 and constant_text(arguments[0]) == "year":
        # Of a computed date the year would tell more than the year: of `admitted + 100`, whether it was before autumn.
        column = flow_of(_unconverted(arguments[1], metadata)).exact
        if column is not None and not tells_age(column):
            return NOTHING
    return None


def _unconverted(value: Value, metadata: Metadata) -> Value:
    """What a conversion to a timestamp converts."""
    if isinstance(value, Node) and value.name == "FUNCEXPR" and len(value.items("args")) == 1:
        function = metadata.functions.get(value.number("funcid"))
        if function is not None and function.builtin and function.name in CONVERSIONS:
            return value.items("args")[0]
    return value
