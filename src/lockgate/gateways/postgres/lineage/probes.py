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
from lockgate.gateways.postgres.lineage.metadata import FUNCTION_FIELDS
from lockgate.gateways.postgres.lineage.model import Column, ColumnClass
from lockgate.gateways.postgres.lineage.nodetree import Node, Value
from lockgate.gateways.postgres.lineage.row_counts import CALLS, can_fail, conditions, grouped, makes_rows, row_counts
from lockgate.gateways.postgres.lineage.scope import NOTHING, SUBQUERY, UNKNOWN, Flow, Scope
from lockgate.gateways.postgres.lineage.steady import carrying

BOOLEAN_OID = "16"
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
RECORD_IDENTIFIERS = frozenset({"mrn", "account"})
LOOKED_UP_PLACES = frozenset({"city", "state", "zip"})
JUDGED = frozenset(
    """
    OPEXPR DISTINCTEXPR NULLIFEXPR SCALARARRAYOPEXPR ROWCOMPAREEXPR FUNCEXPR BOOLEXPR NULLTEST BOOLEANTEST CONST
    """.split()
)
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
            for name in ("functions", "tablefunc", "values_lists", "tablesample", "groupexprs"):
                self.expressions(rte.fields.get(name), scope)
        for cte in query.nodes("cteList"):
            inner = cte.node("ctequery")
            if inner is not None:
                self.query(Scope(inner, scope))
            if inner is not None and cte.node("cycle_clause") is not None:
                # It ends where a value comes again: that compares every value with every other.
                self._probe(self.flows.of(inner, scope))
        for name in (
            "targetList",
            "returningList",
            "jointree",
            "havingQual",
            "limitOffset",
            "limitCount",
            "withCheckOptions",
            "onConflict",
            "mergeActionList",
            "mergeJoinCondition",
            "windowClause",
        ):
            self.expressions(query.fields.get(name), scope)
        self._condition(query.fields.get("havingQual"), scope)
        for value in row_counts(query):
            self._probe(self.flows.of(value, scope))
        self._groupings(scope)
        self._orderings(scope)
        self._set_operations(scope)

    # predicates -------------------------------------------------------------------------------------------------
    def expressions(self, value: Value, scope: Scope) -> None:
        """Judge every predicate anywhere in these expressions, and every function: one that is not known is code."""
        for node in self._own_nodes(value, scope):
            if any(node.text(name) not in ("", "0") for name in FUNCTION_FIELDS):
                self.flows.of(node, scope)
            for condition in conditions(node):
                self._condition(condition, scope)
            for hidden in makes_rows(node):
                self._probe(self.flows.of(hidden, scope))
            if node.name == "SUBLINK":
                self._sublink(node, scope)
            elif node.name in CALLS and (node.name not in LEAVES or self._result(node) != BOOLEAN_OID):
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
                self._error(self.flows.of(node.fields.get("arg"), scope))
            elif can_fail(node):
                self._error(self.flows.of(node, scope))

    def _condition(self, value: Value, scope: Scope) -> None:
        """What decides whether a row counts. Comparisons, and what stands beneath AND, OR and NOT, are judged alone."""
        if not isinstance(value, Node) or value.name in JUDGED:
            return
        if value.name == "SUBLINK" and value.text("subLinkType") in ("0", "1", "2", "3"):
            return
        self._probe(self.flows.of(value, scope))

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
                    test = item.node("testexpr")
                    if test is not None:
                        stack.extend(test.items("args") if test.name == "OPEXPR" else [test])
                elif item.name != "QUERY":
                    stack.extend(item.fields.values())

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
            elif constants is not None and one.derived is not None and self._plain_date_or_place(one.derived):
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
        for flow in [*inner, self.flows.of(test, scope)]:
            self._probe(flow)

    def _errors(self, node: Node, scope: Scope) -> None:
        for name in FUNCTION_FIELDS:
            oid = node.text(name)
            if oid not in ("", "0"):
                for argument in carrying(node, self.flows.metadata.functions.get(int(oid))):
                    self._error(self.flows.of(argument, scope))

    def _error(self, flow: Flow) -> None:
        """An error tells what a comparison would: of a plain date or place, no more than a look-up."""
        if flow.derived is not None and self._plain_date_or_place(flow.derived):
            self.found.lookups |= self._classes(flow)
        else:
            self._probe(flow)

    # orderings, sets --------------------------------------------------------------------------------------------
    def _groupings(self, scope: Scope) -> None:
        """Rows grouped by a hidden column are free; by what may also hold a chosen value, they are a dictionary."""
        targets = {entry.text("ressortgroupref"): entry for entry in scope.query.nodes("targetList")}
        for reference in grouped(scope.query):
            entry = targets.get(reference)
            self._grouping(UNKNOWN if entry is None else self.flows.of(entry.fields.get("expr"), scope), entry, scope)
        for name in ("targetList", "havingQual", "sortClause"):
            for node in self._level(scope.query.fields.get(name)):
                if node.name == "AGGREF" and node.items("aggdistinct"):
                    for argument in node.nodes("args"):
                        self._grouping(self.flows.of(argument.fields.get("expr"), scope), None, scope)

    def _grouping(self, flow: Flow, entry: Node | None, scope: Scope) -> None:
        if entry is not None and scope.query.node("setOperations") is not None:
            flow = self.flows.outputs(scope)[entry.number("resno") - 1]
        if self._free(flow) or (flow.exact is not None and not self._is_own(flow.exact)):
            return
        if flow.derived is None or self._is_own(flow.derived) or not self._plain_date_or_place(flow.derived):
            self._probe(flow)

    def _is_own(self, column: Column) -> bool:
        """Whether the requester itself can write there, since it is a temporary table's."""
        relation = self.flows.metadata.relations.get(column[0])
        return relation is None or relation.temporary

    def _level(self, value: Value) -> Iterator[Node]:
        stack: list[Value] = [value]
        while stack:
            item = stack.pop()
            if isinstance(item, list):
                stack.extend(item)
            elif isinstance(item, Node) and item.name != "QUERY":
                yield item
                stack.extend(item.fields.values())

    def _orderings(self, scope: Scope) -> None:
        query = scope.query
        targets = {entry.text("ressortgroupref"): entry for entry in query.nodes("targetList")}
        ordered = [clause.text("tleSortGroupRef") for clause in query.nodes("sortClause")]
        for window in query.nodes("windowClause"):
            # PARTITION BY is done by sorting, so it orders like ORDER BY.
            for name in ("partitionClause", "orderClause"):
                ordered += [clause.text("tleSortGroupRef") for clause in window.nodes(name)]
        for reference in ordered:
            entry = targets.get(reference)
            flow = UNKNOWN if entry is None else self.flows.of(entry.fields.get("expr"), scope)
            if entry is not None and query.node("setOperations") is not None:
                flow = self.flows.outputs(scope)[entry.number("resno") - 1]
            if self._free(flow):
                continue
            column = flow.derived
            if column is None or self._is_own(column) or not self._orderable(self.describe(column)):
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
