"""What a statement writes: where classes would land, what is overwritten, and what the server's words may quote.

A view is written through: the tables beneath it change, under their own names. What inherits from a table is written
with it. A trigger, a rule or a constraint may say anything about a row, not only about the columns that were named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockgate.action import UNCLASSIFIED, Question
from lockgate.gateways.postgres.lineage.flow import Flows
from lockgate.gateways.postgres.lineage.metadata import Relation
from lockgate.gateways.postgres.lineage.model import Column, ColumnClass
from lockgate.gateways.postgres.lineage.nodetree import Node, every_node
from lockgate.gateways.postgres.lineage.scope import RELATION, Flow, Scope

INSERT_BIT, UPDATE_BIT, DELETE_BIT = 1, 4, 8
"""ACL_INSERT, ACL_UPDATE and ACL_DELETE in src/include/nodes/parsenodes.h."""
WRITES = INSERT_BIT | UPDATE_BIT | DELETE_BIT
CHANGES = UPDATE_BIT | DELETE_BIT
WRITE_COMMANDS = frozenset({"2", "3", "4", "5"})
UPDATE, INSERT = "2", "3"


class Writer:
    """Judges every query of a statement that writes. `judged` collects classes that are held against a constraint of
    the requester's own."""

    def __init__(
        self,
        flows: Flows,
        describe: Callable[[Column], ColumnClass],
        classes: Callable[[Flow], frozenset[str]],
        connection: str,
    ) -> None:
        self.flows = flows
        self.relations = flows.metadata.relations
        self.describe = describe
        self.classes = classes
        self.connection = connection
        self.judged: frozenset[str] = frozenset()

    def questions(self, scope: Scope) -> set[Question]:
        """A class that would land in a column without it, or a column overwritten that may be masked to the writer."""
        questions: set[Question] = set()
        for query in [node for node in every_node(scope.query) if node.name == "QUERY"]:
            if query.text("commandType") not in WRITE_COMMANDS:
                continue
            target = query.nodes("rtable")[query.number("resultRelation") - 1]
            relation = self.relations.get(target.number("relid"))
            if relation is None:
                questions.add(Question("sql.declassify", self.connection))
                continue
            questions |= self._assignments(query, relation, Scope(query, scope if query is not scope.query else None))
        return questions

    def written(self, relation: Relation) -> set[Question]:
        """`sql.write` for every table that changes where this one is written to: a view stands for those beneath."""
        return {
            Question("sql.temp" if one.temporary else "sql.write", f"{self.connection}/{one.qualified}")
            for one in self._beneath(relation)
            if not one.builtin
        }

    def quotes(self, permission: Node) -> bool:
        """Whether an error or a notice about it may hold values that the statement does not name."""
        relation = self.relations.get(permission.number("relid"))
        rights = permission.number("requiredPerms")
        if relation is None or relation.secured:
            return True
        if not rights & WRITES:
            return False
        if any(one.code or (one.cascades and rights & CHANGES) for one in self._changing(relation)):
            return True
        # Of a view's columns the tables beneath it are asked.
        return any(
            one.kind != "v" and bool(self.classes(self.flows.column_of(one.oid, 0))) for one in self._beneath(relation)
        )

    def _assignments(self, query: Node, relation: Relation, scope: Scope) -> set[Question]:
        questions: set[Question] = set()
        judges = any(one.temporary and one.judges for one in self._changing(relation))
        for command, entries in _lists(query):
            for entry in entries:
                if entry.flag("resjunk"):
                    continue
                carried = self.classes(self.flows.of(entry.fields.get("expr"), scope))
                self.judged |= carried if judges else frozenset()
                for column in self._lands(relation, entry.number("resno")):
                    questions |= self._landing(column, carried, command == UPDATE)
        return questions

    def _lands(self, relation: Relation, number: int) -> frozenset[Column]:
        """The base columns that this one stands for, in all that inherits from it too."""
        flow = self.flows.column_of(relation.oid, number)
        # Code may put it anywhere.
        elsewhere = flow.unknown or (relation.kind == "v" and (not flow.columns or bool(relation.code)))
        return flow.columns | ({(relation.oid, 0)} if elsewhere else frozenset())

    def _landing(self, column: Column, carried: frozenset[str], overwrites: bool) -> set[Question]:
        relation, lands = self.relations[column[0]], self.describe(column)
        resource = f"{self.connection}/{relation.qualified}"
        own = relation.temporary and relation.kind != "v"
        questions = set()
        if column[1] == 0:
            return {Question("sql.declassify", resource)} if carried else set()
        if carried - {lands.cls} and not (own and lands.cls == UNCLASSIFIED):
            questions.add(Question("sql.declassify", resource))
        if overwrites and lands.cls != "none" and not own:
            questions.add(Question("sql.overwrite_masked", resource))
        return questions

    def _changing(self, relation: Relation) -> Iterator[Relation]:
        for one in self._beneath(relation):
            yield one
            yield from self.flows.metadata.below(one)

    def _beneath(self, relation: Relation) -> list[Relation]:
        """The relation itself; of a view also the table that it shows, or every one that it reads where it is not one:
        then a trigger or a rule decides."""
        found: dict[int, Relation] = {}
        stack = [relation]
        while stack:
            one = stack.pop()
            if one.oid in found:
                continue
            found[one.oid] = one
            if one.rule is not None:
                stack += [self.relations[oid] for oid in _tables(one.rule) if oid in self.relations]
        return list(found.values())


def _tables(rule: Node) -> list[int]:
    """The OID of the one relation of a view's FROM; those of all that it names where there is not just one."""
    jointree = rule.node("jointree")
    listed = jointree.nodes("fromlist") if jointree is not None else []
    if len(listed) == 1 and listed[0].name == "RANGETBLREF":
        rte = rule.nodes("rtable")[listed[0].number("rtindex") - 1]
        if rte.number("rtekind") == RELATION:
            return [rte.number("relid")]
    return [
        node.number("relid")
        for node in every_node(rule)
        if node.name == "RANGETBLENTRY" and node.number("rtekind") == RELATION
    ]


def _lists(query: Node) -> list[tuple[str, list[Node]]]:
    """The assignments of a query that writes, each list with its command."""
    lists = [(query.text("commandType"), query.nodes("targetList"))]
    conflict = query.node("onConflict")
    if conflict is not None:
        lists.append((UPDATE, conflict.nodes("onConflictSet")))
    for action in query.nodes("mergeActionList"):
        lists.append((action.text("commandType"), action.nodes("targetList")))
    return [(command, entries) for command, entries in lists if command in (UPDATE, INSERT)]
