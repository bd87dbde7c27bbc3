"""How candidates are drawn: evenly, and from more where what there is runs out.

A vault refuses a candidate that is an original or a surrogate already. So no draw may run dry: it begins with what
looks most like the original, and goes on with what there is always enough of.
"""

from __future__ import annotations

from typing import TypeAlias

from lockgate.phi.replacing._draws import NARROW, STEP, another, pick, widening
from lockgate.phi.vault import Draw

Ladder: TypeAlias = tuple[Draw | tuple[str, ...], ...]
"""Draws (or what is drawn from), each wider than the one before. It is the same for all originals of a form: there is
one of each, and a `widening` for each original."""

__all__ = ["NARROW", "STEP", "Ladder", "another", "pick", "widening"]
