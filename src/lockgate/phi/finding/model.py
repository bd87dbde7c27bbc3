"""The lexicon, the weights and the network that the package ships, loaded once. Without them nothing is searched.

All files begin with a magic of their own, and their bytes are deflated; what is cut short or foreign is refused.
"""

from __future__ import annotations

import array
import mmap
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Literal

from lockgate.errors import ConfigError
from lockgate.phi.finding._second import SIZES, Second
from lockgate.phi.finding._tagger import SHIFTED, Tagger
from lockgate.phi.finding._words import Lexicon
from lockgate.phi.finding.processor import has

DATA = Path(__file__).parent / "data"
LEXICON, WEIGHTS, SECOND = b"LGLEX3", b"LGTAG2", b"LGSEC1"
STEPS = 256
LONGEST = 1 << 28
HINT = "install lockgate again, or make them anew with `make train`"


AT_ONCE = 1 << 18
"""Bytes that are inflated at a time, into the place where they stay: the files are never in memory twice."""


@lru_cache(maxsize=1)
def load_lexicon(path: Path = DATA / "lexicon.bin") -> Lexicon:
    """Raises ConfigError where the file is missing or is none."""
    (size,), body = _read(path, LEXICON, "<I", lambda size: 12 * size)
    parts = (_numbers(body[at : at + 4 * size], "I") for at in range(0, 12 * size, 4 * size))
    return Lexicon(*parts)


def load_tagger(path: Path = DATA / "weights.bin") -> Tagger:
    """A tagger of one's own: it is not shared by threads, its weights are. Raises ConfigError as `load_lexicon`."""
    return Tagger(*_weights(path))


@lru_cache(maxsize=2)
def _weights(path: Path) -> tuple[Sequence[int], tuple[int, ...]]:
    (_, *steps), body = _read(path, WEIGHTS, f"<I{STEPS}i", lambda rows: 16 * rows, SHIFTED)
    return _numbers(body, "Q"), tuple(steps)


def load_second(path: Path = DATA / "second.bin") -> Second:
    """As `load_tagger`: the network that looks again, by the code that is fastest here."""
    times, parts = _network(path)
    return _fastest()(times, *parts)


@lru_cache(maxsize=1)
def _fastest() -> type[Second]:
    """One source, compiled for several kinds of processor; all find the same."""
    found: type[Second] = Second
    for module, flags in COMPILED_FOR.items():
        if has(*flags):
            with suppress(ImportError):
                found = import_module(f"lockgate.phi.finding.{module}").Second
    return found


COMPILED_FOR = {"_second_avx2": ("avx2",), "_second_avx512": ("avx2", "avx512f", "avx512_vnni")}
"""What a processor has that it is for, the fastest last."""
NUMBERS: tuple[Literal["Q", "h", "i"], ...] = ("Q", "h", "i", "h", "i", "h", "i")
"""The kinds of the network's parts, as they stand in its file."""
MOST_TIMES = 1 << 17
"""Times 72 rows of 128, what a word has at most, is still less than 32 bits hold."""


@lru_cache(maxsize=2)
def _network(path: Path) -> tuple[int, tuple[Sequence[int], ...]]:
    sizes = [struct.calcsize(code) * count for code, count in zip(NUMBERS, SIZES, strict=True)]
    (size, times), body = _read(path, SECOND, "<II", lambda size: size)
    if size != sum(sizes) or times > MOST_TIMES:
        raise ConfigError(f"{path.name} is not a file of this version of the PHI engine", hint=HINT)
    ends = list(accumulate(sizes))
    pieces = (body[end - size : end] for end, size in zip(ends, sizes, strict=True))
    return times, tuple(_numbers(piece, code) for piece, code in zip(pieces, NUMBERS, strict=True))


def _numbers(body: memoryview, code: Literal["h", "i", "I", "Q"]) -> Sequence[int]:
    if sys.byteorder == "big":
        swapped = array.array(code, bytes(body))
        swapped.byteswap()
        return swapped
    return body.cast(code)


def _room(size: int) -> mmap.mmap:
    """Zeroes, in large pages where the kernel has them.

    A table that is read here and there then costs fewer walks through the kernel's own tables of pages.
    """
    room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            room.madvise(mmap.MADV_HUGEPAGE)
    return room


def _read(
    path: Path, magic: bytes, head: str, size_of: Callable[[int], int], change: bytes | None = None
) -> tuple[tuple[int, ...], memoryview]:
    """What stands at the head, and the body of as many bytes as its first number says; each byte by `change`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the PHI engine's {path.name} cannot be read: {error.strerror}", hint=HINT) from error
    start = len(magic) + struct.calcsize(head)
    if raw[: len(magic)] != magic or len(raw) < start:
        raise ConfigError(f"{path.name} is not a file of this version of the PHI engine", hint=HINT)
    numbers = struct.unpack(head, raw[len(magic) : start])
    size, at = size_of(numbers[0]), 0
    if not 0 < size <= LONGEST:
        raise ConfigError(f"{path.name} is damaged", hint=HINT)
    try:
        body = memoryview(_room(size))
    except OSError as error:
        raise ConfigError(f"there is no memory for the PHI engine's {path.name}: {error.strerror}") from error
    inflater, rest = zlib.decompressobj(), raw[start:]
    try:
        while not inflater.eof and at <= size:
            piece = inflater.decompress(rest, AT_ONCE)
            rest = inflater.unconsumed_tail
            if not piece and not rest:
                break
            body[at : at + len(piece)] = piece.translate(change) if change else piece
            at += len(piece)
    except (zlib.error, ValueError) as error:
        # ValueError: more than the head says.
        raise ConfigError(f"{path.name} is damaged", hint=HINT) from error
    if at != size or not inflater.eof:
        raise ConfigError(f"{path.name} is cut short", hint=HINT)
    return numbers, body
