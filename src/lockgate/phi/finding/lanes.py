"""The network's numbers as `_second_lanes.h` reads them: what is multiplied at once lies together."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

LINE = 64
"""Bytes that a processor fetches together."""
CHANNELS, TAPS = 64, 7
_HALVES = [*range(4), *range(8, 12), *range(4, 8), *range(12, 16)]
"""Sixteen channels as `vpunpcklwd` and `vpunpckhwd` hand them on."""


def aligned(numbers: Iterable[int]) -> memoryview:
    """The numbers, of 16 bits, from where a line of memory begins: none that are read at once lie across two."""
    held = array("h", numbers)
    size = len(held)
    room = array("h", bytes(2 * size + LINE))
    skipped = -room.buffer_info()[0] % LINE // 2
    room[skipped : skipped + size] = held
    return memoryview(room)[skipped : skipped + size]


def paired_filters(filters: Sequence[int], layers: int) -> memoryview:
    """Of each layer, by 16 channels and two words of the text, those channels of both in turn; the eighth has 0."""
    nothing = [0] * CHANNELS
    taps = [filters[at : at + CHANNELS] for at in range(0, layers * TAPS * CHANNELS, CHANNELS)]
    return aligned(
        tap[begin + c]
        for first in range(0, len(taps), TAPS)
        for begin in range(0, CHANNELS, 16)
        for two in zip(taps[first : first + TAPS : 2], [*taps[first + 1 : first + TAPS : 2], nothing], strict=True)
        for c in _HALVES
        for tap in two
    )


def paired_mixtures(mixtures: Sequence[int], layers: int) -> memoryview:
    """Of each layer, by two channels that go in, what all that come out take of both in turn."""
    return aligned(
        mixtures[(layer * CHANNELS + out) * CHANNELS + into]
        for layer in range(layers)
        for first in range(0, CHANNELS, 2)
        for out in range(CHANNELS)
        for into in (first, first + 1)
    )
