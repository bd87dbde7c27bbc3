"""A text as one byte for each code point: what the scanners read, with offsets that are those of the text.

Letters with marks become the letters beneath, look-alikes of Latin letters those letters, digits of any script digits,
dashes and quotes the plain ones. Other letters keep only whether they are capitals: 0x80 a capital, 0x81 a small one,
0x82 neither, 0x83 any other sign; 0x84 (`IGNORED`) is what is not seen at all: joiners, soft hyphens, marks on letters,
control characters that are neither space nor separator (NUL too: text in UTF-16 that was read as ASCII is full of it).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LOOK_ALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХЗабеѕіјкмнорстухвгзΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορτυικıɑɡʟ",
        "ABESIJKMHOPCTYX3a6esijkmhopctyxbr3ABEZHIKMNOPTYXavoptuikiagL",
        strict=True,
    )
)
SIGNS = (
    dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | dict.fromkeys("‘’‛ʼ＇`´", "'")
    | dict.fromkeys("“”„‟＂", '"')
    | {"…": ".", "⁄": "/", "∕": "/", "։": ":"}
)
LETTERS = {
    "ß": "s",
    "æ": "a",
    "Æ": "A",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "þ": "t",
    "Þ": "T",
    "ð": "d",
    "Ð": "D",
    "œ": "o",
    "Œ": "O",
    "ħ": "h",
}


IGNORED = b"\x84"
CONTROLS = bytes((*range(9), *range(14, 28), 127))
"""Those of ASCII that are not seen."""
_SEEN = bytes.maketrans(CONTROLS, IGNORED * len(CONTROLS))
_CONTROL = re.compile(b"[" + re.escape(CONTROLS) + b"]")
_BLANKS = "\u2800\ufffc"
"""Not seen either, though they are symbols to Unicode."""


def fold(text: str) -> bytes:
    """As many bytes as the text has code points."""
    if text.isascii():
        encoded = text.encode()
        return encoded.translate(_SEEN) if _CONTROL.search(encoded) else encoded
    return text.translate(_TABLE).encode("latin-1")


@lru_cache(maxsize=1 << 16)
def _one(code: int) -> str:
    c = chr(code)
    if code < 128:
        return chr(_SEEN[code])
    if c in _BLANKS:
        return "\x84"
    for table in (SIGNS, LETTERS, LOOK_ALIKES):
        if c in table:
            return table[c]
    base = unicodedata.normalize("NFKD", c)[:1]
    if base.isascii() and base.isprintable() and base:
        return base
    if base in LOOK_ALIKES:
        return LOOK_ALIKES[base]
    digit = unicodedata.digit(c, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.category(c)
    if kind in ("Cf", "Mn", "Me"):
        return "\x84"
    if kind in ("Lu", "Lt"):
        return "\x80"
    if kind == "Pd":
        return "-"
    if kind == "Ll":
        return "\x81"
    if kind.startswith("L"):
        return "\x82"
    if kind in ("Zs", "Zl", "Zp"):
        return " " if kind == "Zs" else "\n"
    return "\x83"


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = found = _one(code)
        return found


_TABLE = _Table()
