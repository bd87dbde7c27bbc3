"""Streets, towns, ZIP codes and institutions. What says only what kind of place it is stays: *Street*, *Hospital*.

States stay (45 CFR 164.514(b)(2)(i)(B) speaks of what is smaller). A surrogate is an invented place.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

from lockgate.phi.operators import SMALL_ZIP3
from lockgate.phi.replacing import _places
from lockgate.phi.replacing.draws import Ladder, pick, widening
from lockgate.phi.replacing.numbers import like
from lockgate.phi.replacing.pieces import Part, Piece, canonical
from lockgate.phi.replacing.place_words import HEADS, TAILS
from lockgate.phi.replacing.profile import Operator

_runs = lru_cache(maxsize=1 << 13)(_places.runs)


def draw_place(rng: random.Random) -> str:
    """One of 2,500 invented places."""
    return pick(rng, HEADS) + pick(rng, TAILS)


def draw_town(rng: random.Random) -> str:
    """One of 55,000: a number of words would say how long the original was."""
    return f"{pick(rng, ('', '', '', 'north ', 'south ', 'new ', 'upper ', 'fort '))}{draw_place(rng)}"


def zip3(written: str) -> str | None:
    """The first three digits, 000 where fewer than 20,001 people live there; None where it is no ZIP code."""
    digits = canonical(written)
    if not digits.isdigit() or len(digits) not in (5, 9):
        return None
    return "000" if digits[:3] in SMALL_ZIP3 else digits[:3]


Decide = Callable[[str], Operator]


def parts(written: str, what: str, operator: Decide, otherwise: Callable[[str, str], Part]) -> list[Part]:
    """What stays, and the pieces. `operator` says how a kind is replaced; `otherwise` makes what no surrogate is.

    `what`: `geo` for whatever it is, or `street`, `city`, `zip`, `facility` where that is known.
    """
    if what == "zip":
        return [_replaced("zip", written, operator("zip"), otherwise)]
    out: list[Part] = []
    at = 0
    for start, end, kind in _runs(written, what):
        if at < start:
            out.append(written[at:start])
        out.append(_replaced(kind, written[start:end], operator(_profiled(kind)), otherwise))
        at = end
    if at < len(written):
        out.append(written[at:])
    return out


def _profiled(kind: str) -> str:
    return "street" if kind == "house" else kind


def _replaced(kind: str, value: str, operator: Operator, otherwise: Callable[[str, str], Part]) -> Part:
    if operator is Operator.KEEP:
        return value
    if kind == "zip" and operator is Operator.GENERALISE:
        return zip3(value) or otherwise("zip", value)
    if operator is not Operator.SURROGATE:
        return otherwise(_profiled(kind), value)
    key = canonical(value) or value
    if kind in ("house", "zip") or (value[:1].isdigit() and key.isascii()):
        return Piece(kind, key, like(key), value, "signs")
    if kind == "facility" and value.isupper() and len(value) < 6:
        return Piece(kind, key, widening(_acronyms(len(value))), value, "word")
    return Piece(kind, key, widening(_TOWNS if kind == "city" else _PLACES), value, "word")


def _two(rng: random.Random) -> str:
    """Of six million."""
    return f"{draw_place(rng)} {draw_place(rng)}"


def _three(rng: random.Random) -> str:
    return f"{_two(rng)} {draw_place(rng)}"


_TOWNS: Ladder = (draw_town, _two, _three)
_PLACES: Ladder = (draw_place, _two, _three)


@lru_cache(maxsize=8)
def _acronyms(letters: int) -> Ladder:
    return tuple(_Acronym(letters + more) for more in (0, 1, 2, 4))


class _Acronym:
    def __init__(self, letters: int) -> None:
        self._letters = letters

    def __call__(self, rng: random.Random) -> str:
        return "".join(pick(rng, "bcdfghjklmnpqrstvwxz") for _ in range(self._letters))
