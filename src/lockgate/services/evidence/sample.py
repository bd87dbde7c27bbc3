"""A sample that anybody can draw again: the events with the smallest SHA-256 of seed and id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def draw(ids: Iterable[str], count: int, seed: int) -> frozenset[str]:
    """`count` of the ids, or all of them; the same for the same seed, in any order and any language."""
    return frozenset(sorted(ids, key=lambda id_: hashlib.sha256(f"{seed}:{id_}".encode()).digest())[:count])
