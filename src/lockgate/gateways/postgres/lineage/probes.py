"""Probes: predicates, orderings and error conditions on PHI columns. Each tells one bit, whatever is masked.

Grouping is free. Column compared to column is free while neither can be written. A record identifier compared for
equality with a constant, or a date of care, city, state or ZIP compared in any way, is a look-up. All else is a probe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from lockgate.gateways.postgres.lineage.constants import Asked, asked
from lockgate.gateways.postgres.lineage.flow import Flows
from lockgate.gateways.postgres.lineage.model import Column, ColumnClass
from lockgate.gateways.postgres.lineage.nodetree import Node, Value
from lockgate.gateways.postgres.lineage.safe import ERROR_PRONE
from lockgate.gateways.postgres.lineage.scope import NOTHING, SUBQUERY, UNKNOWN, Flow, Scope

BOOLEAN_OID = "16"
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
RECORD_IDENTIFIERS = frozenset({"mrn", "account"})
LOOKED_UP_PLACES = frozenset({"city", "state", "zip"})
LEAVES = frozenset({"OPEXPR", "DISTINCTEXPR", "NULLIFEXPR", "SCALARARRAYOPEXPR", "ROWCOMPAREEXPR", "FUNCEXPR"})


@dataclass(slots=True)
class Found:
    """Classes that are probed, looked up, or compared column to column."""

    probes: set[str] = field(default_factory=set)
    lookups: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)
    asked: Asked = field(default_factory=Asked)
    """How many records are looked up by their identifier."""


Operand: TypeAlias = tuple[Flow, Asked | None]
"""One side of a comparison, and how many values it is where it is constant."""


class Prober:
    """Walks every query that the client wrote (not the inside of views: their authors chose those predicates)."""

    def __init__(
        self, flows: Flows, describe: Callable[[Column], ColumnClass], everything: Callable[[Flow], frozenset[str]]
    ) -> None:
        self.flows = flows
        self.describe = describe
        self.everything = everything
        self.found = Found()

    def query(self, scope: Scope) -> None:
        query = scope.query
        for rte in query.nodes("rtable"):
            inner = rte.node("subquery")
            if inner is not None and rte.number("rtekind") == SUBQUERY:
                self.query(Scope(inner, scope))
            for name in ("functions", "tablefunc", "values_lists", "tablesample"):
                self.expressions(rte.fields.get(name), scope)
        for cte in query.nodes("cteList"):
            inner = cte.node("ctequery")
            if inner is not None:
                self.query(Scope(inner, scope))
        for name in (
            "targetList",
            "returningList",
            "jointree",
            "havingQual",
            "limitOffset",
            "limitCount",
            "onConflict",
            "mergeActionList",
            "mergeJoinCondition",
            "windowClause",
        ):
            self.expressions(query.fields.get(name), scope)
        self._orderings(scope)
        self._set_operations(scope)

    # predicates -------------------------------------------------------------------------------------------------
    def expressions(self, value: Value, scope: Scope) -> None:
        """Judge every predicate anywhere in these expressions."""
        for node in self._own_nodes(value, scope):
            if node.name == "SUBLINK":
                self._sublink(node, scope)
            elif node.name in ("OPEXPR", "FUNCEXPR") and self._result(node) != BOOLEAN_OID:
                self._errors(node, scope)
            elif node.name in LEAVES:
                self.predicate(node, scope)
            elif node.name == "CASEEXPR" and node.node("arg") is not None:
                self._probe(self.flows.of(node.fields.get("arg"), scope))
            elif node.name == "NULLTEST":
                inner = self.flows.of(node.fields.get("arg"), scope)
                if inner.exact is None:
                    self._probe(inner)
            elif node.name == "COERCEVIAIO" and node.text("resulttype") not in ("25", "1043", "1042"):
                self._probe(self.flows.of(node.fields.get("arg"), scope))
            elif node.name in ("BOOLEANTEST", "VAR") and self._is_condition(node, value):
                self._probe(self.flows.of(node, scope))

    def _own_nodes(self, value: Value, scope: Scope) -> Iterator[Node]:
        """Nodes of this query's level; a sublink's own query is walked with its own scope."""
        stack: list[Value] = [value]
        while stack:
            item = stack.pop()
            if isinstance(item, list):
                stack.extend(item)
            elif isinstance(item, Node):
                yield item
                if item.name == "SUBLINK":
                    inner = item.node("subselect")
                    if inner is not None:
                        self.query(Scope(inner, scope))
                elif item.name != "QUERY":
                    stack.extend(item.fields.values())

    @staticmethod
    def _is_condition(node: Node, value: Value) -> bool:
        return node is value and (node.name == "BOOLEANTEST" or node.text("vartype") == BOOLEAN_OID)

    @staticmethod
    def _result(node: Node) -> str:
        return node.text("opresulttype") or node.text("funcresulttype")

    def predicate(self, node: Node, scope: Scope) -> None:
        arguments = [self.flows.of(argument, scope) for argument in self._arguments(node)]
        if all(self._free(flow) for flow in arguments):
            return
        name = self._function_name(node)
        if len(arguments) == 2 and node.name in ("OPEXPR", "SCALARARRAYOPEXPR", "DISTINCTEXPR"):
            array = node.name == "SCALARARRAYOPEXPR"
            metadata = self.flows.metadata
            first, second = (
                asked(operand, array and i == 1, metadata) for i, operand in enumerate(self._arguments(node))
            )
            self.comparison((arguments[0], first), (arguments[1], second), name)
            return
        for flow in arguments:
            self._probe(flow)

    def comparison(self, left: Operand, right: Operand, name: str) -> None:
        equality = name.endswith("eq")
        if left[0].exact and right[0].exact and equality:
            self.found.joined |= self._classes(left[0]) | self._classes(right[0])
            return
        for (one, _), (other, constants) in ((left, right), (right, left)):
            if self._free(one):
                continue
            if other.columns or other.unknown or one.unknown or not name.endswith(COMPARISONS):
                self._probe(one)
            elif one.exact and equality and constants is not None and self._classes(one) <= RECORD_IDENTIFIERS:
                # Against anything but constants it would be a search: a series of numbers asks for every record.
                self.found.lookups |= self._classes(one)
                self.found.asked += constants
            elif all(
                self._plain_date_or_place(column) for column in one.columns if self.describe(column).cls != "none"
            ):
                self.found.lookups |= self._classes(one)
            else:
                self._probe(one)

    def _plain_date_or_place(self, column: Column) -> bool:
        found = self.describe(column)
        if found.cls == "date":
            return found.label not in ("birth", "death", "age")
        return found.cls == "geo" and found.label in LOOKED_UP_PLACES

    def _sublink(self, node: Node, scope: Scope) -> None:
        """`x IN (SELECT y …)`: y's flow stands where the test expression has its parameter."""
        test, query = node.node("testexpr"), node.node("subselect")
        if test is None or query is None:
            return
        inner = self.flows.outputs(Scope(query, scope))
        operands = [self.flows.of(argument, scope) for argument in test.items("args")]
        if len(inner) == 1 and len(operands) == 2 and test.name == "OPEXPR":
            self.comparison((operands[0], None), (inner[0], None), self._function_name(test))
            return
        for flow in [*inner, *operands]:
            self._probe(flow)

    def _errors(self, node: Node, scope: Scope) -> None:
        if self._function_name(node) in ERROR_PRONE:
            for argument in node.items("args"):
                self._probe(self.flows.of(argument, scope))

    # orderings, sets --------------------------------------------------------------------------------------------
    def _orderings(self, scope: Scope) -> None:
        query = scope.query
        targets = {entry.text("ressortgroupref"): entry for entry in query.nodes("targetList")}
        ordered = [clause.text("tleSortGroupRef") for clause in query.nodes("sortClause")]
        for window in query.nodes("windowClause"):
            ordered += [clause.text("tleSortGroupRef") for clause in window.nodes("orderClause")]
        for reference in ordered:
            entry = targets.get(reference)
            flow = UNKNOWN if entry is None else self.flows.of(entry.fields.get("expr"), scope)
            if entry is not None and query.node("setOperations") is not None:
                flow = self.flows.outputs(scope)[entry.number("resno") - 1]
            classes = [self.describe(column) for column in flow.columns]
            if flow.unknown or any(c.cls != "none" and not self._orderable(c) for c in classes):
                self._probe(flow)

    @staticmethod
    def _orderable(found: ColumnClass) -> bool:
        """Ordering by a date of care is what every list of encounters does; it is looked up, not probed."""
        return found.cls == "date" and found.label not in ("birth", "death", "age")

    def _set_operations(self, scope: Scope) -> None:
        """UNION (without ALL), INTERSECT and EXCEPT compare rows: with a constant in an arm, that is a search."""
        operation = scope.query.node("setOperations")
        if operation is None or not _compares(operation):
            return
        arms: list[list[Flow]] = []
        for leaf in _leaves(operation):
            rte = scope.rtable[leaf.number("rtindex") - 1]
            query = rte.node("subquery")
            arms.append(self.flows.outputs(Scope(query, scope)) if query is not None else [])
        for column in zip(*arms, strict=False):
            if all(self._free(flow) for flow in column):
                continue
            if all(flow.exact for flow in column):
                for flow in column:
                    self.found.joined |= self._classes(flow)
            else:
                for flow in column:
                    self._probe(flow)

    # helpers ----------------------------------------------------------------------------------------------------
    def _arguments(self, node: Node) -> list[Value]:
        if node.name == "ROWCOMPAREEXPR":
            return [*node.items("largs"), *node.items("rargs")]
        return node.items("args")

    def _function_name(self, node: Node) -> str:
        oid = node.text("opfuncid") or node.text("funcid")
        function = self.flows.metadata.functions.get(int(oid)) if oid else None
        return function.name if function is not None and function.builtin else ""

    def _classes(self, flow: Flow) -> frozenset[str]:
        return self.everything(flow)

    def _free(self, flow: Flow) -> bool:
        return not flow.unknown and not self._classes(flow)

    def _probe(self, flow: Flow) -> None:
        if flow is not NOTHING:
            self.found.probes |= self._classes(flow)


def _compares(node: Node) -> bool:
    if node.name != "SETOPERATIONSTMT":
        return False
    if node.text("op") != "1" or not node.flag("all"):  # 1 is UNION
        return True
    return any(_compares(arm) for arm in (node.node("larg"), node.node("rarg")) if arm is not None)


def _leaves(node: Node) -> list[Node]:
    if node.name == "RANGETBLREF":
        return [node]
    return [leaf for arm in (node.node("larg"), node.node("rarg")) if arm is not None for leaf in _leaves(arm)]
