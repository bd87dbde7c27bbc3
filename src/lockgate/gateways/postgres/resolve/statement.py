"""A statement as resolved, and as prepared: what it does, what its outputs carry, and when that was known."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockgate.action import JSON, Question
from lockgate.gateways.postgres.classify import Classified, barriers
from lockgate.gateways.postgres.classify.parse import Statement as Parsed
from lockgate.gateways.postgres.lineage.model import Analysis

PLANNED = frozenset({"sql.code", "sql.files", "sql.admin"})
"""What calling a function may be: PostgreSQL calls one to plan with its result."""


@dataclass(slots=True)
class Statement:
    """One statement as analysed: what it does, what its outputs carry. `analysis` None: nothing of it reads data."""

    text: str
    classified: Classified
    analysis: Analysis | None
    generation: int
    parsed: Parsed = field(repr=False)
    executes: Statement | None = None
    """What an EXECUTE runs: the statement as it was prepared."""
    shape: str = ""
    """Its name in the log, where it is recorded by shape (`shape_names`)."""
    targets: JSON = None
    """Of a statement that is not analysed: what it would change (`targets`)."""
    reading: tuple[str, ...] | None = None
    """How values were read when the server parsed it (`Settings.reading`); None where that is not certain."""

    @property
    def preconditions(self) -> JSON:
        """What its meaning rests on upstream; None where it rests on nothing there."""
        return self.targets if self.analysis is None else self.analysis.preconditions

    @property
    def names(self) -> frozenset[str]:
        return frozenset() if self.analysis is None else self.analysis.names

    @property
    def quotes(self) -> bool:
        """Whether what the server says of it may hold values, in an error or a notice."""
        return self.analysis is not None and (bool(self.analysis.touches) or self.analysis.quotes)

    def moves_settings(self, unsettled: bool) -> bool:
        """Whether search_path or `lockgate.*` may be another afterwards."""
        return barriers.moves_settings(self.classified, code=self.code, unsettled=unsettled)

    def is_decisive(self, unsettled: bool) -> bool:
        """Whether what follows is looked at only once this has been answered."""
        return barriers.is_decisive(self.classified, code=self.code, unsettled=unsettled)

    def varies(self, varied: bool) -> bool:
        """Whether values may be read otherwise afterwards."""
        return barriers.varies(self.classified, varied=varied)

    def brings_back(self, unsettled: bool, varied: bool) -> bool:
        """Whether it sets, or sets back, anything that gives what follows its meaning."""
        of_settings = self.classified.kind in barriers.SETTINGS or self.classified.kind == "transaction"
        return self.varies(varied) or (of_settings and self.moves_settings(unsettled))

    @property
    def code(self) -> bool:
        """Whether it calls functions that are not known."""
        return self.analysis is not None and bool(self.analysis.code)

    def questions(self, connection: str) -> set[Question]:
        """What policy is asked: what the kind of statement says, and what the analysis found beneath it."""
        kind = self.classified.kind
        asked = {Question(operation, connection) for operation in self.classified.operations}
        if self.analysis is not None and self.classified.runs:
            if kind == "export":
                asked |= {
                    Question("sql.export", q.resource) if q.operation == "sql.select" else q
                    for q in self.analysis.questions
                }
                asked.discard(Question("sql.export", connection))
            else:
                asked |= set(self.analysis.questions)
        elif self.analysis is not None:
            # Nothing is read or written, but planning runs functions already.
            asked |= {
                q if q.operation in PLANNED else Question("sql.select", q.resource) for q in self.analysis.questions
            }
        return asked


@dataclass(slots=True)
class Prepared:
    """A named (or the unnamed, `b""`) prepared statement."""

    name: bytes
    sql: bytes
    oids: tuple[int, ...]
    statements: tuple[Statement, ...]
    search_path: str
    seen: bool = False
    """Whether this session's server has described it as the analysis did."""
    rested_on: dict[str, JSON] = field(default_factory=dict)
    """What it rested on when it was last analysed under each `search_path`: the server may still go by that one."""

    def __post_init__(self) -> None:
        if self.statements:
            self.rested_on[self.search_path] = self.statements[0].preconditions
