"""Probes: predicates, orderings and error conditions on PHI columns. Each tells one bit, whatever is masked.

Grouping is free. Column compared to column is free while neither can be written. A record identifier compared for
equality with a constant, or a date of care, city, state or ZIP compared in any way, is a look-up. All else is a probe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lockgate.gateways.postgres.lineage.arrangements import Arrangements
from lockgate.gateways.postgres.lineage.constants import Asked, asked
from lockgate.gateways.postgres.lineage.judging import Judge
from lockgate.gateways.postgres.lineage.nodetree import FUNCTION_FIELDS, Node, Value
from lockgate.gateways.postgres.lineage.row_counts import CALLS, can_fail, conditions, makes_rows, row_counts
from lockgate.gateways.postgres.lineage.scope import RELATION, SUBQUERY, Flow, Scope
from lockgate.gateways.postgres.lineage.steady import carrying, told_null

BOOLEAN_OID = "16"
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
RECORD_IDENTIFIERS = frozenset({"mrn", "account"})
JUDGED = frozenset(
    """
    OPEXPR DISTINCTEXPR NULLIFEXPR SCALARARRAYOPEXPR ROWCOMPAREEXPR FUNCEXPR BOOLEXPR NULLTEST BOOLEANTEST CONST
    """.split()
)
LEAVES = frozenset({"OPEXPR", "DISTINCTEXPR", "NULLIFEXPR", "SCALARARRAYOPEXPR", "ROWCOMPAREEXPR", "FUNCEXPR"})


Operand: TypeAlias = tuple[Flow, Asked | None]
"""One side of a comparison, and how many values it is where it is constant."""


class Prober(Judge):
    """Walks every query that the client wrote (not the inside of views: their authors chose those predicates)."""

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
        Arrangements(self.flows, self.describe, self.everything, self.found).judge(scope)

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
            self._told_null(node, scope)
            if node.name == "SUBLINK":
                self._sublink(node, scope)
                if can_fail(node):
                    self._error(self.flows.of(node, scope))
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
        if left[0].exact and right[0].exact and equality and not self._free(left[0]) and not self._free(right[0]):
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

    def _told_null(self, node: Node, scope: Scope) -> None:
        """Whether a plain column is NULL is no secret, as everywhere; of what is computed it is."""
        oid = next((node.text(name) for name in FUNCTION_FIELDS if node.text(name) not in ("", "0")), "")
        for value in told_null(node, self.flows.metadata.functions.get(int(oid)) if oid else None):
            flow = self.flows.of(value, scope)
            if flow.exact is None and not _is_whole_row(value, scope):
                self._error(flow)

    def _error(self, flow: Flow) -> None:
        """An error tells what a comparison would: of a plain date or place, no more than a look-up."""
        if flow.derived is not None and self._plain_date_or_place(flow.derived):
            self.found.lookups |= self._classes(flow)
        else:
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


def _is_whole_row(value: Value, scope: Scope) -> bool:
    """Of a table, a view or a subquery: whatever is in it, it is NULL for no row."""
    if not isinstance(value, Node) or value.name != "VAR" or value.number("varattno") != 0:
        return False
    rtable = scope.up(value.number("varlevelsup")).rtable
    number = value.number("varno")
    return 1 <= number <= len(rtable) and rtable[number - 1].number("rtekind") in (RELATION, SUBQUERY)
