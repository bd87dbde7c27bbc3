"""The nouns of the walk: the `Flow` of an expression, and the `Scope` (a query and those around it) it stands in."""

from __future__ import annotations

from dataclasses import dataclass

from lockgate.gateways.postgres.lineage.model import Column
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError

RELATION, SUBQUERY, JOIN, FUNCTION, TABLEFUNC, VALUES, CTE, NAMED, RESULT, GROUP = range(10)
"""The kinds of a range table entry (`RTEKind` of PostgreSQL)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`exact` is set where the expression is one base column, unchanged."""

    columns: frozenset[Column] = frozenset()
    exact: Column | None = None
    unknown: bool = False

    def __or__(self, other: Flow) -> Flow:
        if not other.columns and not other.unknown:
            return Flow(self.columns, None, self.unknown)
        return Flow(self.columns | other.columns, None, self.unknown or other.unknown)

    @property
    def clean(self) -> bool:
        return not self.columns and not self.unknown


NOTHING = Flow()
UNKNOWN = Flow(unknown=True)


@dataclass(slots=True)
class Scope:
    """A query and what surrounds it; `up(n)` is the query that a Var of n levels up speaks of."""

    query: Node
    parent: Scope | None = None

    def up(self, levels: int) -> Scope:
        scope: Scope = self
        for _ in range(levels):
            if scope.parent is None:
                raise NodeTreeError("a variable points above the outermost query")
            scope = scope.parent
        return scope

    @property
    def rtable(self) -> list[Node]:
        return self.query.nodes("rtable")
