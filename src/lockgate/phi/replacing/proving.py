"""What is left in a new text: whatever a second search finds that is no surrogate, and originals that were found once
and stand there still."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from lockgate.phi.finding import Found
from lockgate.phi.replacing.profile import Operator
from lockgate.phi.replacing.replace import Place, Replaced
from lockgate.phi.vault import normal

SHORTEST = 4
"""Signs of an original that is searched for; shorter ones stand everywhere."""
_WORD = re.compile(r"\w+")


class Leak(NamedTuple):
    """`[start, end)` of the new text, in code points. It shows no text."""

    start: int
    end: int
    why: Literal["found", "original", "unchanged"]
    """`found` again where nothing was replaced; an `original` of this text elsewhere in it; a place that is
    `unchanged`."""


def leaks(before: str, done: Replaced, found: Iterable[Found] = (), common: frozenset[str] = frozenset()) -> list[Leak]:
    """What of the text `before` is left in what became of it, in order.

    `found` is what a search of the new text finds: what lies in a place of a replacement is a surrogate, and no leak.
    Originals are what stood in these places, at least four signs long and not among `common` words (small letters):
    whole words of the new text are compared, without case, outside of the places. What the profile keeps is no leak.
    Linear in the length of the text, unless originals share their first word.
    """
    starts = [place.new_start for place in done.places]
    leaks = [Leak(one.start, one.end, "found") for one in found if not _inside(one, done.places, starts)]
    originals: dict[str, set[str]] = {}
    for place in done.places:
        if place.operator is Operator.KEEP:
            continue
        original = before[place.start : place.end].lower()
        word = _WORD.search(original)
        if word is None or len(original) < SHORTEST or original in common:
            continue
        originals.setdefault(word[0], set()).add(original[word.start() :])
        # A date that is generalised may have been a year already, and an age below 90 stays.
        changed = normal(done.text[place.new_start : place.new_end]) != normal(original)
        if not changed and place.operator is not Operator.GENERALISE:
            leaks.append(Leak(place.new_start, place.new_end, "unchanged"))
    leaks += _again(done, originals)
    return sorted(leaks)


def _again(done: Replaced, originals: dict[str, set[str]]) -> Iterator[Leak]:
    for start, end in _between(done):
        rest = done.text[start:end].lower()
        if len(rest) != end - start:
            rest = "".join(c.lower() if len(c.lower()) == 1 else c for c in done.text[start:end])
        for word in _WORD.finditer(rest):
            for original in originals.get(word[0], ()):
                last = word.start() + len(original)
                ends = last >= len(rest) or not (rest[last].isalnum() and original[-1].isalnum())
                if ends and rest.startswith(original, word.start()):
                    yield Leak(start + word.start(), start + last, "original")


def _between(done: Replaced) -> Iterator[tuple[int, int]]:
    at = 0
    for place in done.places:
        yield at, place.new_start
        at = place.new_end
    yield at, len(done.text)


def _inside(one: Found, places: tuple[Place, ...], starts: list[int]) -> bool:
    """Whether a replacement stands anywhere in it."""
    last = bisect_left(starts, one.end) - 1
    return last >= 0 and places[last].new_end > one.start
