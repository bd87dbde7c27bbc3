"""What a session remembers: prepared statements, portals, cursors. The gateway's own record, never the server's word.

SQL-level PREPARE and the protocol's Parse share one name space upstream, so they share one here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.action import Question
from lockgate.gateways.postgres.answers.walk import Part
from lockgate.gateways.postgres.classify import barriers
from lockgate.gateways.postgres.classify.kinds import Classified
from lockgate.gateways.postgres.classify.parse import Statement as Parsed
from lockgate.gateways.postgres.lineage.model import Analysis
from lockgate.gateways.postgres.masking.treatment import Treatment


@dataclass(slots=True)
class Statement:
    """One statement as analysed: what it does, what its outputs carry. `analysis` None: nothing of it reads data."""

    text: str
    classified: Classified
    analysis: Analysis | None
    generation: int
    parsed: Parsed = field(repr=False)

    @property
    def touches(self) -> bool:
        return self.analysis is not None and bool(self.analysis.touches)

    def moves_settings(self, unsettled: bool) -> bool:
        """Whether search_path or `lockgate.*` may be another afterwards."""
        return barriers.moves_settings(self.classified, code=self._code, unsettled=unsettled)

    def is_decisive(self, unsettled: bool) -> bool:
        """Whether what follows is looked at only once this has been answered."""
        return barriers.is_decisive(self.classified, code=self._code, unsettled=unsettled)

    @property
    def _code(self) -> bool:
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
            asked |= {Question("sql.select", q.resource) for q in self.analysis.questions}
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


@dataclass(slots=True)
class Portal:
    """An admitted binding: what executing it will answer, shared by every Execute and Describe of it."""

    prepared: Prepared
    part: Part
    formats: tuple[int, ...]


@dataclass(slots=True)
class Registry:
    """All that one session has open."""

    prepared: dict[bytes, Prepared] = field(default_factory=dict)
    portals: dict[bytes, Portal] = field(default_factory=dict)
    cursors: dict[str, Treatment] = field(default_factory=dict)

    def clear(self) -> None:
        self.prepared.clear()
        self.portals.clear()
        self.cursors.clear()


def frame(
    kind: str, text: bytes, extra: Mapping[str, bytes] | None = None, values: tuple[bytes | None, ...] = ()
) -> bytes:
    """The payload that an approval binds to: length-prefixed, so that no two different things look alike.

    `values` are Bind's parameters, NULL distinct from empty; `extra` holds type OIDs and formats.
    """
    parts: list[bytes | None] = [b"lockgate-postgres-1", kind.encode(), text]
    for name, value in sorted((extra or {}).items()):
        parts += [name.encode(), value]
    parts += values
    out = bytearray()
    for part in parts:
        out += b"\xff\xff\xff\xff" if part is None else len(part).to_bytes(4, "big") + part
    return bytes(out)
