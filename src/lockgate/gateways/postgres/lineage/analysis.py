"""One statement, analysed by PostgreSQL itself and walked: what it reads and writes, what its outputs carry.

The analysed tree (`trees`) names every relation and column. Nothing is executed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lockgate.action import UNCLASSIFIED, Question
from lockgate.apart import apart
from lockgate.gateways.postgres.lineage.flow import Flows
from lockgate.gateways.postgres.lineage.literals import exchangeable
from lockgate.gateways.postgres.lineage.metadata import Metadata, Relation, every_node, load
from lockgate.gateways.postgres.lineage.model import (
    Analysis,
    AnalysisError,
    CatalogView,
    Column,
    ColumnClass,
    Output,
    Overlay,
)
from lockgate.gateways.postgres.lineage.nodetree import Node, NodeTreeError
from lockgate.gateways.postgres.lineage.probes import Prober
from lockgate.gateways.postgres.lineage.safe import is_clean_system_column
from lockgate.gateways.postgres.lineage.scope import Flow, Scope
from lockgate.gateways.postgres.lineage.side import Described, ServerError, Side
from lockgate.gateways.postgres.lineage.trees import By, analysed

INSERT_BIT, SELECT_BIT, UPDATE_BIT, DELETE_BIT = 1, 2, 4, 8
WRITE_COMMANDS = frozenset({"2", "3", "4", "5"})
CLEAN = ColumnClass("none")
UNREVIEWED = ColumnClass(UNCLASSIFIED)

NO_TEMP = "the gateway's role may not create temporary objects in this database, so nothing can be analysed"
NO_TEMP_HINT = "GRANT TEMP ON DATABASE … to it, or set analyse_on or analyse_by"
MANY = 1000
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


@dataclass(frozen=True, slots=True)
class _Written:
    columns: Mapping[Column, Flow]
    overwritten: frozenset[Column]


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
        self.flows = Flows(metadata, self._tells_age)
        self.judged: frozenset[str] = frozenset()
        """Classes that are written where a constraint of the requester's own is held against them."""
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
        questions = self._questions()
        questions |= self._writes(scope)
        prober.found.probes |= self.judged
        # After the walks: they find functions that are not known.
        if self.flows.code:
            questions.add(Question("sql.code", self.connection))
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
                and all(self.describe((r.oid, number)).cls == "none" for number in r.columns)
            ),
            estimated_rows=max((r.rows for r in self.metadata.relations.values() if not r.builtin), default=0),
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
            code=frozenset(self.flows.code),
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
            return self.overlay.get(relation.name, {}).get(name, UNREVIEWED)
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

    def _output(self, flow: Flow, index: int) -> Output:
        field = self.described.fields[index]
        label = self.describe(flow.exact).label if flow.exact is not None else ""
        return Output(field.name, field.type_oid, self.classes(flow), flow.exact, label, flow.columns)

    # what is touched --------------------------------------------------------------------------------------------
    def _reached(self) -> set[Column]:
        """Every column that the statement or a view beneath it names; whole relations where that is unclear."""
        reached: set[Column] = set()
        trees = [self.tree, *(r.rule for r in self.metadata.relations.values() if r.rule is not None)]
        for tree in trees:
            for node in every_node(tree):
                if node.name == "RTEPERMISSIONINFO":
                    relation = self.metadata.relations.get(node.number("relid"))
                    if relation is not None and relation.kind != "v":
                        reached |= {(relation.oid, number) for number in _columns(node, relation)}
        return reached

    def _questions(self) -> set[Question]:
        questions: set[Question] = set()
        for tree in [self.tree, *(r.rule for r in self.metadata.relations.values() if r.rule is not None)]:
            for node in every_node(tree):
                if node.name != "RTEPERMISSIONINFO":
                    continue
                relation = self.metadata.relations.get(node.number("relid"))
                rights = node.number("requiredPerms")
                writes = bool(rights & (INSERT_BIT | UPDATE_BIT | DELETE_BIT))
                if relation is None or relation.builtin:
                    if writes:
                        # UPDATE pg_settings is SET by another name; other system tables are the server itself.
                        questions.add(Question("sql.admin", self.connection))
                    continue
                resource = f"{self.connection}/{relation.qualified}"
                if writes:
                    temporary = relation.temporary
                    questions.add(Question("sql.temp" if temporary else "sql.write", resource))
                if rights & SELECT_BIT or not rights:
                    questions.add(Question("sql.select", resource))
        return questions

    # writes -----------------------------------------------------------------------------------------------------
    def _writes(self, scope: Scope) -> set[Question]:
        """A class that would land in a column without it, or a column overwritten that may be masked to the writer."""
        questions: set[Question] = set()
        for query in [node for node in every_node(self.tree) if node.name == "QUERY"]:
            if query.text("commandType") not in WRITE_COMMANDS:
                continue
            target = query.nodes("rtable")[query.number("resultRelation") - 1]
            relation = self.metadata.relations.get(target.number("relid"))
            if relation is None:
                questions.add(Question("sql.declassify", self.connection))
                continue
            questions |= self._assignments(query, relation, Scope(query, scope if query is not scope.query else None))
        return questions

    def _assignments(self, query: Node, relation: Relation, scope: Scope) -> set[Question]:
        resource = f"{self.connection}/{relation.qualified}"
        questions: set[Question] = set()
        lists = [(query.text("commandType"), query.nodes("targetList"))]
        conflict = query.node("onConflict")
        if conflict is not None:
            lists.append(("2", conflict.nodes("onConflictSet")))
        for action in query.nodes("mergeActionList"):
            lists.append((action.text("commandType"), action.nodes("targetList")))
        for command, entries in lists:
            if command not in ("2", "3"):
                continue
            for entry in entries:
                if entry.flag("resjunk"):
                    continue
                column = (relation.oid, entry.number("resno"))
                lands = self.describe(column)
                carried = self.classes(self.flows.of(entry.fields.get("expr"), scope))
                if relation.temporary and relation.judges:
                    self.judged |= carried
                if carried - {lands.cls} and not (relation.temporary and lands.cls == UNCLASSIFIED):
                    questions.add(Question("sql.declassify", resource))
                if command == "2" and lands.cls not in ("none", UNCLASSIFIED) and not relation.temporary:
                    questions.add(Question("sql.overwrite_masked", resource))
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
