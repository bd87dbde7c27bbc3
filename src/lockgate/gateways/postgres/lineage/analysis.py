"""One statement, analysed by PostgreSQL itself and walked: what it reads and writes, what its outputs carry.

The analysed tree (`trees`) names every relation and column. Nothing is executed.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.action import UNCLASSIFIED, Question
from lockgate.apart import apart
from lockgate.gateways.postgres.lineage.flow import Flows
from lockgate.gateways.postgres.lineage.literals import exchangeable
from lockgate.gateways.postgres.lineage.loading import load
from lockgate.gateways.postgres.lineage.metadata import Metadata, Relation
from lockgate.gateways.postgres.lineage.model import (
    Analysis,
    AnalysisError,
    CatalogView,
    Column,
    ColumnClass,
    Output,
    Overlay,
)
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError, every_node
from lockgate.gateways.postgres.lineage.probes import Prober
from lockgate.gateways.postgres.lineage.safe import is_clean_system_column
from lockgate.gateways.postgres.lineage.scope import Flow, Scope
from lockgate.gateways.postgres.lineage.side import Described, ServerError, Side
from lockgate.gateways.postgres.lineage.trees import By, analysed
from lockgate.gateways.postgres.lineage.writes import WRITES, Writer

SELECT_BIT = 2
PERMISSION = "RTEPERMISSIONINFO"
CLEAN = ColumnClass("none")
UNREVIEWED = ColumnClass(UNCLASSIFIED)

NO_TEMP = "the gateway's role may not create temporary objects in this database, so nothing can be analysed"
NO_TEMP_HINT = "GRANT TEMP ON DATABASE … to it, or set analyse_on or analyse_by"
MANY = 1000
STORED = frozenset("rmfp")
"""Kinds of relation that have rows of their own."""
LONG_BYTES = 1 << 15
"""A statement of more parameters, or a longer one, is walked in a thread of its own: others must not wait for it."""


async def analyse(
    text: str,
    oids: Sequence[int],
    side: Side,
    catalog: CatalogView,
    overlay: Overlay,
    connection: str,
    by: By = By.FUNCTION,
) -> Analysis | AnalysisError:
    """Analyse one SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES given in its own words."""
    try:
        described, tree = await analysed(text, oids, side, by)
        much = len(described.parameter_oids) > MANY or len(text) > LONG_BYTES
        metadata = await load(side, tree, much)
        walk = _Walk(tree, metadata, described, catalog, overlay, connection)
        return await apart(walk.result, much)
    except ServerError as error:
        if error.sqlstate == "42501" and "temporary" in error.message:
            return AnalysisError("LG005", NO_TEMP, hint=NO_TEMP_HINT)
        return AnalysisError(error.sqlstate, error.message, error.fields.get("P", ""), error.fields.get("H", ""))
    except (NodeTreeError, RecursionError):
        return AnalysisError(
            "LG002", "this statement cannot be analysed, so it is not run", hint="write it more simply"
        )


class _Walk:
    """Pure: from the tree and the metadata to the Analysis."""

    def __init__(
        self,
        tree: Node,
        metadata: Metadata,
        described: Described,
        catalog: CatalogView,
        overlay: Overlay,
        connection: str,
    ) -> None:
        self.tree = tree
        self.metadata = metadata
        self.described = described
        self.catalog = catalog
        self.overlay = overlay
        self.connection = connection
        self.flows = Flows(metadata, self._tells_age, self._inherited)
        rules = [r.rule for r in metadata.relations.values() if r.rule is not None]
        self.permissions = [node for one in (tree, *rules) for node in every_node(one) if node.name == PERMISSION]
        """What the statement and the views beneath it want to do, with which relation."""
        self.writer = Writer(self.flows, self.describe, self.classes, connection)
        self.in_scope = frozenset(
            found.cls
            for relation in metadata.relations.values()
            for attnum in relation.columns
            if (found := self.describe((relation.oid, attnum))).cls != "none"
        ) | {UNCLASSIFIED}

    def result(self) -> Analysis:
        scope = Scope(self.tree)
        flows = self.flows.outputs(scope)
        fields = self.described.fields
        if len(flows) != len(fields):
            raise NodeTreeError("the statement's outputs do not match its description")
        outputs = tuple(self._output(flow, i) for i, flow in enumerate(flows))
        prober = Prober(self.flows, self.describe, self.classes)
        prober.query(scope)
        for relation in self.metadata.relations.values():
            if relation.rule is not None and relation.temporary:
                prober.query(Scope(relation.rule))  # the requester's own words, where a view is temporary
            if relation.rule is not None and not relation.builtin:
                self.flows.calls.somewhere_in(relation.rule)
        questions = self._questions()
        questions |= self.writer.questions(scope)
        prober.found.probes |= self.writer.judged
        # After the walks: they find functions that are not known.
        calls = self.flows.calls
        questions |= {Question(operation, self.connection) for operation in calls.operations}
        touched = {self.describe(column).cls for column in self._reached()} - {"none"}
        return Analysis(
            questions=tuple(sorted(questions or {Question("sql.select", self.connection)})),
            outputs=outputs,
            probes=frozenset(prober.found.probes),
            lookups=frozenset(prober.found.lookups),
            joined=frozenset(prober.found.joined),
            classes=frozenset().union(*(output.classes for output in outputs)),
            touches=frozenset(touched),
            relations=frozenset(
                f"{self.connection}/{r.qualified}" for r in self.metadata.relations.values() if not r.builtin
            ),
            clean=frozenset(
                f"{self.connection}/{r.qualified}"
                for r in self.metadata.relations.values()
                if not r.builtin
                and r.kind in ("r", "p")
                and r.columns
                and not self.classes(self.flows.column_of(r.oid, 0))
            ),
            estimated_rows=max((r.rows for r in self.metadata.relations.values() if not r.builtin), default=0),
            rows_unknown=any(
                r.kind in STORED and r.rows < 1 for r in self.metadata.relations.values() if not r.builtin
            ),
            preconditions=self.metadata.preconditions(),
            rests_on=self.metadata.rests_on(),
            parameter_oids=self.described.parameter_oids,
            fields=fields,
            asked=prober.found.asked,
            names=frozenset(
                name
                for r in self.metadata.relations.values()
                for name in (r.schema, r.name, *(column for column, _ in r.columns.values()))
                if not r.temporary
            ),
            own=any(r.temporary for r in self.metadata.relations.values()),
            code=frozenset(calls.code),
            settings=frozenset(calls.settings),
            quotes=bool(calls.code) or any(self.writer.quotes(one) for one in self.permissions),
            literals=exchangeable(self.tree, self.metadata),
        )

    # classes ----------------------------------------------------------------------------------------------------
    def describe(self, column: Column) -> ColumnClass:
        """The class of a base column; whatever nobody reviewed is unclassified."""
        relation = self.metadata.relations.get(column[0])
        if relation is None or column[1] not in relation.columns:
            return UNREVIEWED
        name = relation.columns[column[1]][0]
        if relation.builtin:
            return CLEAN if is_clean_system_column(relation, name) else UNREVIEWED
        if relation.kind == "v":
            return CLEAN  # what a view shows is judged by what lies beneath it
        if relation.temporary:
            return self.overlay.get(relation.name, {}).get(column[1], UNREVIEWED)
        if relation.kind not in ("r", "p", "m", "f"):
            return UNREVIEWED
        place = column[1], relation.columns[column[1]][1]
        found = self.catalog.entry_at(relation.schema, relation.name, relation.oid, name, place)
        return ColumnClass(found.cls, found.label)

    def classes(self, flow: Flow) -> frozenset[str]:
        found = {self.describe(column).cls for column in flow.columns} - {"none"}
        return frozenset(found) | (self.in_scope if flow.unknown else frozenset())

    def _tells_age(self, column: Column) -> bool:
        found = self.describe(column)
        return found.cls != "date" or found.label in ("birth", "death", "age")

    def _inherited(self, column: Column) -> frozenset[Column]:
        """The columns below this one of which another class is said. A partition that the map does not name is a part
        of its table like any other, so what people said of that holds for it."""
        relation = self.metadata.relations[column[0]]
        if not relation.children or column[1] not in relation.columns:
            return frozenset()
        name, said = relation.columns[column[1]][0], self.describe(column)
        below = [
            (one.oid, one.numbered(name))
            for one in self.metadata.below(relation)
            if one.temporary or not one.partition or self.catalog.names(one.schema, one.name)
        ]
        return frozenset(one for one in below if self.describe(one) != said)

    def _output(self, flow: Flow, index: int) -> Output:
        field = self.described.fields[index]
        label = self.describe(flow.exact).label if flow.exact is not None else ""
        return Output(field.name, field.type_oid, self.classes(flow), flow.exact, label, flow.columns)

    # what is touched --------------------------------------------------------------------------------------------
    def _reached(self) -> set[Column]:
        """Every column that the statement or a view beneath it names; whole relations where that is unclear."""
        reached: set[Column] = set()
        for node in self.permissions:
            relation = self.metadata.relations.get(node.number("relid"))
            if relation is not None and relation.kind != "v":
                named = {(relation.oid, number) for number in _columns(node, relation)}
                reached |= named.union(*map(self._inherited, named))
        return reached

    def _questions(self) -> set[Question]:
        questions: set[Question] = set()
        for node in self.permissions:
            relation = self.metadata.relations.get(node.number("relid"))
            rights = node.number("requiredPerms")
            if relation is None or relation.builtin:
                if rights & WRITES:
                    # UPDATE pg_settings is SET by another name; other system tables are the server itself.
                    questions.add(Question("sql.admin", self.connection))
                continue
            if rights & WRITES:
                questions |= self.writer.written(relation)
            if rights & SELECT_BIT or not rights:
                questions.add(Question("sql.select", f"{self.connection}/{relation.qualified}"))
        return questions


def _columns(node: Node, relation: Relation) -> set[int]:
    """Attribute numbers in a permission entry's bitmaps, shifted by 7 (FirstLowInvalidHeapAttributeNumber)."""
    numbers: set[int] = set()
    for name in ("selectedCols", "insertedCols", "updatedCols"):
        for word in node.items(name):
            if isinstance(word, str) and word.isdigit():
                number = int(word) - 7
                if number == 0:
                    return set(relation.columns)
                if number > 0:
                    numbers.add(number)
    return numbers
