"""The analyses that are kept: so many, and of texts that are so long together; those used longest ago go first."""

from __future__ import annotations

from collections import OrderedDict

from lockgate.gateways.postgres.lineage import Analysis

MOST = 4096
MOST_BYTES = 64 << 20
"""Of the texts that they are found by. An analysis itself is a few times as long as its text."""


class Analyses:
    """By keys in which the text stands first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[Analysis, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: tuple[object, ...]) -> Analysis | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: tuple[object, ...], analysis: Analysis, size: int) -> None:
        """`size` is the text's, in bytes."""
        before = self._kept.pop(key, None)
        self._bytes += size - (before[1] if before is not None else 0)
        self._kept[key] = (analysis, size)
        while len(self._kept) > MOST or self._bytes > MOST_BYTES:
            _, (_, gone) = self._kept.popitem(last=False)
            self._bytes -= gone

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0
