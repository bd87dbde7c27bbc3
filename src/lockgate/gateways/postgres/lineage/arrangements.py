"""How rows are arranged: grouped, ordered, told apart. An arrangement by a hidden value tells of it."""

from __future__ import annotations

from lockgate.gateways.postgres.lineage.judging import Judge
from lockgate.gateways.postgres.lineage.model import ColumnClass
from lockgate.gateways.postgres.lineage.nodetree import Node, own_nodes
from lockgate.gateways.postgres.lineage.row_counts import grouped
from lockgate.gateways.postgres.lineage.scope import UNKNOWN, Flow, Scope


class Arrangements(Judge):
    """Groupings, orderings and set operations of one query."""

    def judge(self, scope: Scope) -> None:
        self._groupings(scope)
        self._orderings(scope)
        self._set_operations(scope)

    def _groupings(self, scope: Scope) -> None:
        """Rows grouped by a hidden column are free; by what may also hold a chosen value, they are a dictionary."""
        targets = {entry.text("ressortgroupref"): entry for entry in scope.query.nodes("targetList")}
        for reference in grouped(scope.query):
            entry = targets.get(reference)
            self._grouping(UNKNOWN if entry is None else self.flows.of(entry.fields.get("expr"), scope), entry, scope)
        for name in ("targetList", "havingQual", "sortClause"):
            for node in own_nodes(scope.query.fields.get(name)):
                if node.name == "AGGREF" and node.items("aggdistinct"):
                    for argument in node.nodes("args"):
                        self._grouping(self.flows.of(argument.fields.get("expr"), scope), None, scope)

    def _grouping(self, flow: Flow, entry: Node | None, scope: Scope) -> None:
        if entry is not None and scope.query.node("setOperations") is not None:
            flow = self.flows.outputs(scope)[entry.number("resno") - 1]
        if self._free(flow) or flow.exact is not None:
            return
        if flow.derived is None or not self._plain_date_or_place(flow.derived):
            self._probe(flow)

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
            if column is None or not self._orderable(self.describe(column)):
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
            if all(flow.exact and not self._free(flow) for flow in column):
                for flow in column:
                    self.found.joined |= self._classes(flow)
            else:
                for flow in column:
                    self._probe(flow)


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
