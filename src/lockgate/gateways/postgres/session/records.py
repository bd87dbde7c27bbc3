"""What a session remembers: prepared statements, portals, cursors. The gateway's own record, never the server's word.

SQL-level PREPARE and the protocol's Parse share one name space upstream, so they share one here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.action import JSON
from lockgate.gateways.postgres.answers import Part, Run
from lockgate.gateways.postgres.classify import Classified
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.resolve.statement import Prepared, Statement

MOST_PREPARED = 5000
MOST_PREPARED_BYTES = 8 << 20
"""Of their texts; what is known of a statement is several times as long."""
SHORT_BYTES = 1600
"""So many of so few bytes each are within both limits."""


@dataclass(slots=True)
class Cursor:
    """What a DECLARE has made: how its rows are shown, and the run that they count against, whoever fetches them."""

    treatment: Treatment
    run: Run | None = None

    @property
    def counted(self) -> tuple[Run, ...]:
        return () if self.run is None else (self.run,)


@dataclass(slots=True)
class Portal:
    """An admitted binding: what executing it will answer, shared by every Execute and Describe of it."""

    prepared: Prepared
    part: Part
    formats: tuple[int, ...]
    search_path: str = ""
    cursor: Cursor | None = None
    """Of a FETCH: what its cursor was when it was bound."""
    under: JSON = None
    """Of what people approved: the settings that it was approved with."""


@dataclass(slots=True)
class Registry:
    """All that one session has open."""

    prepared: dict[bytes, Prepared] = field(default_factory=dict)
    portals: dict[bytes, Portal] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)

    def is_full(self, size: int) -> bool:
        """Whether another statement of `size` bytes is one too many to keep until the session ends."""
        if len(self.prepared) >= MOST_PREPARED:
            return True
        kept = sum(len(one.sql) for one in self.prepared.values()) if size > SHORT_BYTES else 0
        return kept + size > MOST_PREPARED_BYTES

    def has(self, name: str) -> bool:
        """Whether a cursor or a portal of that name may be there."""
        return name in self.cursors or name.encode() in self.portals

    def executed(self, classified: Classified) -> Statement | None:
        """What an EXECUTE runs; None for any other statement, and where nothing of that name was prepared."""
        known = self.prepared.get(classified.name.encode()) if classified.kind == "execute" else None
        return known.statements[0] if known is not None and known.statements else None

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
