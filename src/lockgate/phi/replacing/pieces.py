"""A written identifier, taken apart: what stays as it stands, and pieces that a surrogate takes the place of.

Pieces are what the vault is asked for, in canonical form; `write` writes them as the original was.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.phi.finding.folding import fold
from lockgate.phi.replacing._pieces import Piece, asked, canonical, write, written

Part = str | Piece

SIGN = r"(?:[^\W_]|[\x00-\x08\x0e-\x1b\x7f]|[^\x00-\x7f\s“”„–—‒‑‐…·、，（）’‘ʼ])"
"""What a word is made of, for a regular expression: letters, digits, and whatever is not ASCII and separates nothing
(vowel signs of Indian scripts are no letters to `re`; left standing, they would tell the name). Control characters,
which nobody sees, cut no word in two."""

_FOREIGN = frozenset(b"\x80\x81\x82\x83")
"""What `fold` makes of letters without Latin look-alikes, and of other signs."""


def foreign(written: str) -> bool:
    """Whether it has letters or signs that `canonical` leaves out: no number is written with them."""
    return not written.isascii() and any(c in _FOREIGN for c in fold(written))


def joined(parts: Sequence[Part], surrogates: Sequence[str]) -> str:
    """The new text: `surrogates` are those of its pieces, in order."""
    drawn = iter(surrogates)
    return "".join(part if isinstance(part, str) else write(part, next(drawn)) for part in parts)


__all__ = ["SIGN", "Part", "Piece", "asked", "canonical", "foreign", "joined", "write", "written"]
