"""The nouns of an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from lockgate.action import JSON, Question
from lockgate.gateways.postgres.lineage.constants import Asked
from lockgate.gateways.postgres.wire.parsing import Field

Column: TypeAlias = tuple[int, int]
"""`(relation OID, attribute number)`"""


@dataclass(frozen=True, slots=True)
class Output:
    """One result column: the PHI classes beneath it, and, where it is exactly one base column, which."""

    name: str
    type_oid: int
    classes: frozenset[str]
    base: Column | None
    label: str
    columns: frozenset[Column]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a statement touches and what its outputs carry; everything in doubt is counted as PHI.

    `classes` are those in the outputs, `touches` those of every column reached; `joined` are classes compared column
    to column, free only while the requester cannot write either side (`relations` says which are read; `clean` those
    of them that hold no PHI at all).
    """

    questions: tuple[Question, ...]
    outputs: tuple[Output, ...]
    probes: frozenset[str]
    lookups: frozenset[str]
    joined: frozenset[str]
    classes: frozenset[str]
    touches: frozenset[str]
    relations: frozenset[str]
    clean: frozenset[str]
    estimated_rows: int
    preconditions: JSON
    parameter_oids: tuple[int, ...]
    fields: tuple[Field, ...]
    asked: Asked = field(default_factory=Asked)
    """How many records are looked up by their identifier."""
    names: frozenset[str] = frozenset()
    """What the catalog calls the tables and columns that it reaches."""
    rows_unknown: bool = False
    """Whether of a table that it reaches nobody has counted the rows."""
    own: bool = False
    """Whether it reaches a temporary relation: the requester can put there what it likes."""
    code: frozenset[str] = frozenset()
    """Functions that are not known to be safe."""
    quotes: bool = False
    """Whether errors and notices may hold values that it does not name: of a written row, of a trigger, of code."""
    settings: frozenset[int] = frozenset()
    """Parameters, counted from 1, that name a setting whose value is read."""
    rests_on: tuple[int, ...] = ()
    """OIDs of the users' own relations and functions beneath it: those that `preconditions` describe."""
    literals: int = -1
    """How many literals may be exchanged for others of their kind and leave all of this true; -1 for none."""


@dataclass(frozen=True, slots=True)
class AnalysisError:
    """The server would not take the statement, or it cannot be analysed; nothing of it runs."""

    sqlstate: str
    message: str
    position: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ColumnClass:
    """What the catalog says of a column: its PHI class or `none`, and a finer label (`birth`, `zip` …)."""

    cls: str
    label: str = ""


class Classification(Protocol):
    """A catalog's answer about one column."""

    @property
    def cls(self) -> str: ...
    @property
    def label(self) -> str: ...


class CatalogView(Protocol):
    """What the analysis asks of a catalog: the class of a column, `unclassified` unless somebody reviewed that one."""

    def entry_at(self, schema: str, table: str, oid: int, column: str, place: tuple[int, int], /) -> Classification: ...

    def names(self, schema: str, table: str, /) -> bool:
        """Whether people have said anything of this table."""
        ...


Overlay: TypeAlias = Mapping[str, Mapping[int, ColumnClass]]
"""Classes of this session's temporary relations, by their name and the number of the column."""
