"""What the server's catalogs say of what a tree reaches: relations, views' rules, functions. `loading` asks them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from lockgate.action import JSON
from lockgate.gateways.postgres.lineage.nodetree import Node, Value

FIRST_USER_OID = 16384


@dataclass(slots=True)
class Relation:
    oid: int
    schema: str
    name: str
    kind: str
    temporary: bool
    rows: int
    columns: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Attribute number to `(name, type OID)`."""
    judges: bool = False
    """Whether what is written there decides something: a constraint (NOT NULL is one), an index, a partition, a
    generated column."""
    partition: bool = False
    secured: bool = False
    """Whether row policies decide which rows are seen: expressions of somebody's."""
    cascades: bool = False
    """Whether a change of its rows changes rows of another table, by a foreign key."""
    code: str = ""
    """A hash of its triggers with their functions, its row policies, its rules other than a view's own, and the users'
    own functions in its defaults, constraints and indexes."""
    rest: str = ""
    """A hash of what else it is: owner, defaults, constraints, row security, a view's options."""
    children: tuple[int, ...] = ()
    """OIDs of what inherits from it: its rows are among this one's."""
    rule: Node | None = None
    """The analysed query of a view."""

    @property
    def builtin(self) -> bool:
        return self.oid < FIRST_USER_OID

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"

    def numbered(self, name: str) -> int:
        """The number of its column of this name; 0 where it has none."""
        return next((number for number, (column, _) in self.columns.items() if column == name), 0)

    def definition(self) -> str:
        rule = _as_text(self.rule) if self.rule else ""
        text = repr((self.kind, sorted(self.columns.items()), self.code, self.rest, rule))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Function:
    oid: int
    schema: str
    name: str
    volatility: str
    language: str
    definition: str

    @property
    def builtin(self) -> bool:
        return self.oid < FIRST_USER_OID and self.schema in ("pg_catalog", "information_schema")


@dataclass(slots=True)
class Metadata:
    relations: dict[int, Relation] = field(default_factory=dict)
    functions: dict[int, Function] = field(default_factory=dict)
    code: str = ""
    """A hash of every function of the users' own, where one can run."""

    @property
    def runs_code(self) -> bool:
        """Whether code of the users' own can run: a function, a trigger, a row policy, a rule."""
        return any(not f.builtin for f in self.functions.values()) or any(r.code for r in self.relations.values())

    def below(self, relation: Relation) -> list[Relation]:
        """All that inherits from it, however far down."""
        found: dict[int, Relation] = {}
        stack = list(relation.children)
        while stack:
            oid = stack.pop()
            if oid in self.relations and oid not in found:
                found[oid] = self.relations[oid]
                stack += found[oid].children
        return list(found.values())

    def preconditions(self) -> JSON:
        """What the statement's meaning rests on: OID, name and definition of everything that is the users' own."""
        own: list[JSON] = [[oid, name, definition] for oid, name, definition in self._own()]
        return [*own, ["code", self.code]] if self.code else own

    def rests_on(self) -> tuple[int, ...]:
        """The OIDs of the same."""
        return tuple(oid for oid, _, _ in self._own())

    def _own(self) -> list[tuple[int, str, str]]:
        found = [(r.oid, r.qualified, r.definition()) for r in self.relations.values() if not r.builtin]
        found += [(f.oid, f"{f.schema}.{f.name}", f.definition) for f in self.functions.values() if not f.builtin]
        return sorted(found)


def _as_text(value: Value) -> str:
    """A view's rule as text, for its definition hash."""
    if isinstance(value, Node):
        return "{" + value.name + "".join(f":{k}{_as_text(v)}" for k, v in value.fields.items()) + "}"
    if isinstance(value, list):
        return "(" + " ".join(_as_text(v) for v in value) + ")"
    return str(value)
