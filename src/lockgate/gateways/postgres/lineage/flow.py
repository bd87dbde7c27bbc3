"""What flows into an expression: the walk from an output down to base columns.

An expression's `Flow` is the set of base columns whose values it may depend on. A node, function or kind of relation
that is not known makes it `unknown`: then it carries every class that is in scope. Nothing here raises for a strange
statement; it only becomes stricter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lockgate.gateways.postgres.lineage.calls import Calls
from lockgate.gateways.postgres.lineage.constants import is_constant
from lockgate.gateways.postgres.lineage.dates import date_arithmetic
from lockgate.gateways.postgres.lineage.metadata import Metadata
from lockgate.gateways.postgres.lineage.model import Column
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError, Value, own_nodes
from lockgate.gateways.postgres.lineage.scope import (
    CTE,
    FUNCTION,
    GROUP,
    JOIN,
    NOTHING,
    RELATION,
    RESULT,
    SUBQUERY,
    TABLEFUNC,
    UNKNOWN,
    VALUES,
    Flow,
    Scope,
)

COUNT = frozenset({2147, 2803})
"""OIDs of count(any) and count(*)."""


MULTIEXPR = "3"
"""PARAM_MULTIEXPR in src/include/nodes/primnodes.h."""
TRANSPARENT = frozenset({"RELABELTYPE", "COLLATEEXPR"})
"""Nodes that leave the value as it is: what they wrap is still exactly that base column."""

CALLS = frozenset({"OPEXPR", "FUNCEXPR", "COERCEVIAIO", "COALESCEEXPR", "MINMAXEXPR"})

PLAIN = frozenset(
    """
    RELABELTYPE COLLATEEXPR BOOLEXPR CASEEXPR CASEWHEN CASETESTEXPR ARRAYEXPR ROWEXPR COALESCEEXPR MINMAXEXPR
    BOOLEANTEST NULLTEST SQLVALUEFUNCTION CONST PARAM OPEXPR DISTINCTEXPR NULLIFEXPR SCALARARRAYOPEXPR FUNCEXPR
    NAMEDARGEXPR AGGREF WINDOWFUNC SUBSCRIPTINGREF FIELDSELECT FIELDSTORE COERCEVIAIO ARRAYCOERCEEXPR
    CONVERTROWTYPEEXPR ROWCOMPAREEXPR SUBLINK TARGETENTRY GROUPINGFUNC XMLEXPR JSONVALUEEXPR JSONCONSTRUCTOREXPR
    JSONISPREDICATE JSONEXPR JSONBEHAVIOR JSONFORMAT JSONRETURNING SORTGROUPCLAUSE SETTODEFAULT
    JSONTABLEPATHSCAN JSONTABLESIBLINGJOIN JSONTABLEPATH TABLEFUNC RANGETBLFUNCTION COERCETODOMAIN
    COERCETODOMAINVALUE NEXTVALUEEXPR MERGESUPPORTFUNC RETURNINGEXPR WINDOWFUNCRUNCONDITION
    """.split()
)
"""Every kind of node whose flow is that of its parts (and of its function, if it has one)."""


@dataclass(slots=True)
class Flows:
    """The walker: flows of expressions in scopes, remembered per node. `calls` collects what is not known."""

    metadata: Metadata
    tells_age: Callable[[Column], bool]
    """Whether a column is anything but a plain date of care: for those a difference or a year may tell an age."""
    inherited: Callable[[Column], frozenset[Column]]
    """Columns of what inherits from this one's table, where another class is said of them: their values come along."""
    calls: Calls = field(init=False)
    _outputs: dict[tuple[int, int, frozenset[int]], list[Flow]] = field(default_factory=dict)
    _known: dict[tuple[int, int, frozenset[int]], Flow] = field(default_factory=dict)
    """By node: every expression is walked once, so that nesting costs no more than length."""
    _views: set[int] = field(default_factory=set)
    _recursing: set[int] = field(default_factory=set)
    _depth: int = 0

    def __post_init__(self) -> None:
        self.calls = Calls(self.metadata)

    # expressions ------------------------------------------------------------------------------------------------
    def of(self, value: Value, scope: Scope) -> Flow:
        """The flow of an expression (a node, a list of them, or nothing)."""
        if isinstance(value, list):
            total = NOTHING
            for item in value:
                total = total | self.of(item, scope)
            return total
        if not isinstance(value, Node):
            return NOTHING
        self._depth += 1
        try:
            if self._depth > 400:
                return UNKNOWN
            key = (id(value), id(scope.query), scope.around(self._recursing))
            if key not in self._known:
                self._known[key] = self._node(value, scope)
            return self._known[key]
        finally:
            self._depth -= 1

    def _node(self, node: Node, scope: Scope) -> Flow:
        name = node.name
        if name == "VAR":
            return self._var(node, scope)
        if name in TRANSPARENT:
            return self.of(node.fields.get("arg"), scope)
        if name == "PARAM" and node.text("paramkind") == MULTIEXPR:
            return self._assigned(node.number("paramid"), scope)
        if name == "QUERY":
            return self._union(self.outputs(Scope(node, scope)))
        if name not in PLAIN:
            return UNKNOWN
        if name == "NULLTEST":
            # A masked NULL stays NULL, so that a plain column is NULL or not is no secret.
            inner = self.of(node.fields.get("arg"), scope)
            return NOTHING if inner.exact is not None else Flow(inner.columns, None, inner.unknown)
        if name == "AGGREF" and node.number("aggfnoid") in COUNT:
            return self.of(node.fields.get("aggfilter"), scope)
        if name == "WINDOWFUNC" and node.number("winfnoid") in COUNT:
            return self.of(node.fields.get("aggfilter"), scope)
        if name == "SUBLINK":
            # EXISTS tells of its query only whether a row is there; what decides that is a probe, judged elsewhere.
            test = self.of(node.fields.get("testexpr"), scope)
            if node.text("subLinkType") == "0":
                return test
            return test | self.of(node.fields.get("subselect"), scope)
        shortened = date_arithmetic(node, self.metadata, lambda value: self.of(value, scope), self.tells_age)
        if shortened is not None:
            return shortened
        return self._parts(node, scope)

    def _parts(self, node: Node, scope: Scope) -> Flow:
        total = NOTHING
        for field_name, value in node.fields.items():
            if isinstance(value, Node | list) and field_name not in ("aggargtypes", "colnames"):
                total = total | self.of(value, scope)
        found = Flow(total.columns, None, total.unknown) | self.calls.called(node, total, scope)
        return Flow(found.columns, None, found.unknown, None if found.unknown else self._derived(node, scope))

    def _derived(self, node: Node, scope: Scope) -> Column | None:
        if node.name not in CALLS or node.flag("funcretset") or node.flag("opretset"):
            return None
        arguments = [*node.items("args"), *([node.fields["arg"]] if "arg" in node.fields else [])]
        varying = [a for a in arguments if isinstance(a, Node) and not is_constant(a, self.metadata)]
        return self.of(varying[0], scope).derived if len(varying) == 1 else None

    def _assigned(self, number: int, scope: Scope) -> Flow:
        """One column of the subquery in `SET (a, b) = (SELECT …)`, which stands in the list by itself: its number, and
        the column's, are the parameter's."""
        for node in own_nodes(list(scope.query.fields.values())):
            query = node.node("subselect") if node.name == "SUBLINK" else None
            if query is not None and node.number("subLinkId") == number >> 16:
                return self._pick(self.outputs(Scope(query, scope)), number & 0xFFFF) | NOTHING
        return UNKNOWN

    # variables --------------------------------------------------------------------------------------------------
    def _var(self, node: Node, scope: Scope) -> Flow:
        owner = scope.up(node.number("varlevelsup"))
        number, attribute = node.number("varno"), node.number("varattno")
        rtable = owner.rtable
        if not 1 <= number <= len(rtable):
            return UNKNOWN
        if attribute < 0:
            return NOTHING  # ctid, xmin, tableoid: where a row lies, not what is in it
        found = self.column(rtable[number - 1], attribute, owner)
        if node.text("varreturningtype") not in ("", "0"):
            # The row as it was, or as it became: not the one that it is.
            return Flow(found.columns, None, found.unknown)
        return found

    def column(self, rte: Node, attribute: int, scope: Scope) -> Flow:
        """One column of a range table entry; attribute 0 is the whole row."""
        kind = rte.number("rtekind")
        if kind == RELATION:
            return self.column_of(rte.number("relid"), attribute, rte.flag("inh")).through(rte)
        if kind == SUBQUERY:
            query = rte.node("subquery")
            return UNKNOWN if query is None else self._pick(self.outputs(Scope(query, scope)), attribute).through(rte)
        if kind == JOIN:
            return self._listed(rte.items("joinaliasvars"), attribute, scope)
        if kind == GROUP:
            return self._listed(rte.items("groupexprs"), attribute, scope)
        if kind == VALUES:
            return self._values(rte, attribute, scope)
        if kind == CTE:
            return self._cte(rte, attribute, scope).through(rte)
        if kind == FUNCTION:
            return self.of(rte.fields.get("functions"), scope) | NOTHING
        if kind == TABLEFUNC:
            return self.of(rte.fields.get("tablefunc"), scope) | NOTHING
        if kind == RESULT:
            return NOTHING
        return UNKNOWN

    def column_of(self, oid: int, attribute: int, inherits: bool = True) -> Flow:
        """A relation's column, with those of all that inherits from it (not for FROM ONLY); 0 is the whole row."""
        relation = self.metadata.relations.get(oid)
        if relation is None:
            return UNKNOWN
        if relation.kind == "v":
            if relation.rule is None or oid in self._views:
                return UNKNOWN
            self._views.add(oid)
            try:
                return self._pick(self.outputs(Scope(relation.rule)), attribute)
            finally:
                self._views.discard(oid)
        if attribute and attribute not in relation.columns:
            return UNKNOWN
        columns = frozenset((oid, number) for number in ([attribute] if attribute else relation.columns))
        below = frozenset[Column]().union(*map(self.inherited, columns)) if inherits else frozenset[Column]()
        if not attribute or below or relation.temporary:
            # What the requester put into a table of its own it may have computed: whether it is NULL, its year, and
            # whose date or place it is say no less there than they would of the expression.
            return Flow(columns | below)
        return Flow(columns, (oid, attribute), derived=(oid, attribute))

    def _values(self, rte: Node, attribute: int, scope: Scope) -> Flow:
        total = NOTHING
        for row in rte.items("values_lists"):
            if not isinstance(row, list) or attribute > len(row):
                return UNKNOWN
            total = total | self.of(row if attribute == 0 else row[attribute - 1], scope)
        return total

    def _listed(self, expressions: list[Value], attribute: int, scope: Scope) -> Flow:
        if attribute == 0:
            return self.of(expressions, scope)
        return self.of(expressions[attribute - 1], scope) if attribute <= len(expressions) else UNKNOWN

    def _cte(self, rte: Node, attribute: int, scope: Scope) -> Flow:
        try:
            owner = scope.up(rte.number("ctelevelsup"))
        except NodeTreeError:
            return UNKNOWN
        for cte in owner.query.nodes("cteList"):
            if cte.text("ctename") == rte.text("ctename"):
                query = cte.node("ctequery")
                if query is None:
                    return UNKNOWN
                if id(query) in self._recursing:
                    return NOTHING  # the recursive reference itself: what it adds is in the other arms already
                if cte.flag("cterecursive"):
                    self._recursing.add(id(query))
                    try:
                        # Each column may come to depend on every other, so all carry what any carries.
                        return self._union(self.outputs(Scope(query, owner)))
                    finally:
                        self._recursing.discard(id(query))
                return self._pick(self.outputs(Scope(query, owner)), attribute)
        return UNKNOWN

    # queries ----------------------------------------------------------------------------------------------------
    def outputs(self, scope: Scope) -> list[Flow]:
        """The flows of a query's visible outputs, in order (RETURNING for one that writes)."""
        parent = id(scope.parent.query) if scope.parent is not None else 0
        key = (id(scope.query), parent, scope.around(self._recursing))
        if key not in self._outputs:
            self._outputs[key] = self._fresh_outputs(scope)
        return self._outputs[key]

    def _fresh_outputs(self, scope: Scope) -> list[Flow]:
        query = scope.query
        if query.text("commandType") != "1":
            return [self.of(entry.fields.get("expr"), scope) for entry in _visible(query.nodes("returningList"))]
        operation = query.node("setOperations")
        if operation is not None:
            return self._set_operation(operation, scope)
        return [self.of(entry.fields.get("expr"), scope) for entry in _visible(query.nodes("targetList"))]

    def _set_operation(self, node: Node, scope: Scope) -> list[Flow]:
        if node.name == "RANGETBLREF":
            rte = scope.rtable[node.number("rtindex") - 1]
            query = rte.node("subquery")
            if query is None:
                width = len(_visible(scope.query.nodes("targetList")))
                return [self.column(rte, i + 1, scope) for i in range(width)]
            return self.outputs(Scope(query, scope))
        if node.name != "SETOPERATIONSTMT":
            return [UNKNOWN] * len(_visible(scope.query.nodes("targetList")))
        left, right = node.node("larg"), node.node("rarg")
        if left is None or right is None:
            return [UNKNOWN] * len(_visible(scope.query.nodes("targetList")))
        return [a | b for a, b in zip(self._set_operation(left, scope), self._set_operation(right, scope), strict=True)]

    @staticmethod
    def _pick(flows: list[Flow], attribute: int) -> Flow:
        if attribute == 0:
            return Flows._union(flows)
        return flows[attribute - 1] if attribute <= len(flows) else UNKNOWN

    @staticmethod
    def _union(flows: list[Flow]) -> Flow:
        total = NOTHING
        for flow in flows:
            total = total | flow
        return total


def _visible(entries: list[Node]) -> list[Node]:
    return [entry for entry in entries if not entry.flag("resjunk")]
