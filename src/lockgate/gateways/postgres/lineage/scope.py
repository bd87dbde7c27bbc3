"""The nouns of the walk: the `Flow` of an expression, and the `Scope` (a query and those around it) it stands in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lockgate.gateways.postgres.lineage.model import Column
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError

RELATION, SUBQUERY, JOIN, FUNCTION, TABLEFUNC, VALUES, CTE, NAMED, RESULT, GROUP = range(10)
"""The kinds of a range table entry (`RTEKind` of PostgreSQL)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`exact` is set where the expression is one base column, unchanged; `derived` where it is a function of one base
    column and constants, the same in every row. Neither is, where the column is of a temporary table: what is in there
    may have been computed.

    `row` says, of what is exact, in which row the column stands: the range table entries (ids of nodes) that lead to
    it. Two that are alike stand in one row; those of a table that is joined with itself differ.
    """

    columns: frozenset[Column] = frozenset()
    exact: Column | None = None
    unknown: bool = False
    derived: Column | None = None
    row: tuple[int, ...] = ()

    def through(self, entry: Node) -> Flow:
        """The same, seen through this range table entry."""
        return self if self.exact is None else replace(self, row=(id(entry), *self.row))

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

    def around(self, queries: set[int]) -> frozenset[int]:
        """Those of `queries` (ids of nodes) that this scope lies in."""
        found: set[int] = set()
        scope: Scope | None = self if queries else None
        while scope is not None:
            if id(scope.query) in queries:
                found.add(id(scope.query))
            scope = scope.parent
        return frozenset(found)

    @property
    def rtable(self) -> list[Node]:
        return self.query.nodes("rtable")
