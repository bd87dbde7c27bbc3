"""Which originals a dataset holds, in memory that stays flat however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockgate.phi.vault._free import normal

MOST_EXACT = 200_000
"""Up to this many are kept as hashes, each on its own; then all of them as bits."""
BITS = 1 << 28
"""32 MB. At ten million originals one candidate in 2,500 is refused for nothing, at a hundred million one in three."""
MARKS = 4


class Originals:
    """`value in originals`: never no for one that was added; yes for one that was not costs only another draw.

    Values are not kept, only hashes under the process's own key. Threads may share it.
    """

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._bits: bytearray | None = None

    def add(self, values: Iterable[str]) -> None:
        hashes = self._hashes
        for value in values:
            if hash(value) in hashes and value.isascii():
                continue  # in normal form, and told before
            hashed = hash(normal(value))
            if self._bits is None:
                hashes.add(hashed)
            else:
                self._mark(self._bits, hashed)
        if self._bits is None and len(self._hashes) > MOST_EXACT:
            bits = bytearray(BITS // 8)
            for hashed in self._hashes:
                self._mark(bits, hashed)
            self._bits, self._hashes = bits, set()

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and self.hold(normal(value))

    @property
    def exact(self) -> set[int] | None:
        """The hashes of all in normal form; None where there are too many to be kept."""
        hashes, bits = self._hashes, self._bits  # in this order: another thread may make the one the other
        return hashes if bits is None else None

    def hold(self, value: str) -> bool:
        """`value in originals`, where it is in normal form already."""
        hashes, bits = self._hashes, self._bits
        hashed = hash(value)
        if bits is None:
            return hashed in hashes
        return all(bits[place >> 3] >> (place & 7) & 1 for place in _places(hashed))

    @staticmethod
    def _mark(bits: bytearray, hashed: int) -> None:
        for place in _places(hashed):
            bits[place >> 3] |= 1 << (place & 7)


def _places(hashed: int) -> Iterator[int]:
    first, step = hashed & 0xFFFFFFFF, (hashed >> 32) & 0xFFFFFFFF | 1
    return ((first + n * step) % BITS for n in range(MARKS))
