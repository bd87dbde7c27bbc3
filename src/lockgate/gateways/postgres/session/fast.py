"""The fast path: statements whose every run is already decided (allowed, nothing masked, recorded by shape).

Their messages go upstream as they come, found by the compiled `scan_client`; whatever could change a decision made
earlier empties it.
"""

from __future__ import annotations

from lockgate.gateways.postgres.wire._frames import scan_client
from lockgate.gateways.postgres.wire._literals import key_of
from lockgate.services.shapes import Shape

NOTHING: tuple[int, None] = (0, None)

MOST_TEXTS = 1000
LONGEST_TEXT_BYTES = 1 << 14
"""A longer one takes so long to run that another look is nothing beside it."""


class FastPath:
    """What one session may send without another look."""

    def __init__(self, generation: int) -> None:
        self.prepared: dict[bytes, Shape] = {}
        """By the name of the prepared statement."""
        self._texts: dict[tuple[bytes, int], Shape] = {}
        """Texts of simple queries, by their key without literals (`_literals`)."""
        self._generation = generation

    def check(self, generation: int) -> None:
        """`generation` is the gateway's: a new one means that a policy, the catalog or the schema changed."""
        if self._generation != generation:
            self.clear()
            self._generation = generation

    def rounds(self, data: bytes) -> tuple[int, list[Shape | None] | None]:
        """How many answers up to ReadyForQuery this chunk will get, if all of it is already decided, and the shapes
        that they are counted on; else 0.

        What it counts is taken to be sent: call it only for a chunk that may go upstream at once.
        """
        return scan_client(data, self.prepared, self._texts) if self.prepared or self._texts else NOTHING

    def forget(self, name: bytes) -> None:
        self.prepared.pop(name, None)

    def clear(self) -> None:
        """Everything is decided anew before it is fast again."""
        self.prepared.clear()
        self._texts.clear()

    def remember_text(self, text: bytes, literals: int, shape: Shape) -> None:
        """`literals`: how many of the text's may be exchanged without another analysis."""
        if len(text) > LONGEST_TEXT_BYTES:
            return
        key = key_of(text, 0, len(text))
        if key is not None and key[1] in (0, literals):
            self._texts[key] = shape
            if len(self._texts) > MOST_TEXTS:
                self._texts.pop(next(iter(self._texts)))
