"""The lexicon and the weights that the package ships, loaded once. Without them nothing is searched at all.

Both files begin with a magic of their own, and their bytes are deflated; what is cut short or foreign is refused.
"""

from __future__ import annotations

import array
import struct
import sys
import zlib
from functools import lru_cache
from pathlib import Path

from lockgate.errors import ConfigError
from lockgate.phi.finding._tagger import Tagger
from lockgate.phi.finding._words import Lexicon

DATA = Path(__file__).parent / "data"
LEXICON, WEIGHTS = b"LGLEX1", b"LGTAG1"
STEPS = 256
HINT = "install lockgate again, or make them anew with `make train`"


@lru_cache(maxsize=1)
def load_lexicon(path: Path = DATA / "lexicon.bin") -> Lexicon:
    """Raises ConfigError where the file is missing or is none."""
    (size,), body = _read(path, LEXICON, "<I")
    if len(body) != 8 * size:
        raise ConfigError(f"{path.name} is cut short", hint=HINT)
    keys, bits = array.array("I"), array.array("I")
    keys.frombytes(body[: 4 * size])
    bits.frombytes(body[4 * size :])
    if sys.byteorder == "big":
        keys.byteswap()
        bits.byteswap()
    return Lexicon(keys, bits)


def load_tagger(path: Path = DATA / "weights.bin") -> Tagger:
    """A tagger of one's own: it is not shared by threads. Raises ConfigError where the file is missing or is none."""
    (rows, *steps), body = _read(path, WEIGHTS, f"<I{STEPS}i")
    if len(body) != rows * 16:
        raise ConfigError(f"{path.name} is cut short", hint=HINT)
    return Tagger(body, steps)


def _read(path: Path, magic: bytes, head: str) -> tuple[tuple[int, ...], bytes]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the PHI engine's {path.name} cannot be read: {error.strerror}", hint=HINT) from error
    start = len(magic) + struct.calcsize(head)
    if raw[: len(magic)] != magic or len(raw) < start:
        raise ConfigError(f"{path.name} is not a file of this version of the PHI engine", hint=HINT)
    try:
        return struct.unpack(head, raw[len(magic) : start]), zlib.decompress(raw[start:])
    except zlib.error as error:
        raise ConfigError(f"{path.name} is damaged", hint=HINT) from error
