"""Where day, month and year stand in a written date: by its shape, in which every digit is a `0`.

There are few shapes and many dates, so the grammar is asked once for each shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lockgate.phi.replacing.calendar_words import MONTHS, WEEKDAYS

Place = tuple[int, int]

DIGITS = {ord(str(digit)): "0" for digit in range(10)}


@dataclass(frozen=True, slots=True)
class Form:
    """Where each part stands, and nothing where it is not written.

    `first` and `second` are a day and a month in an order that the shape does not tell.
    """

    year: Place | None = None
    month: Place | None = None
    day: Place | None = None
    first: Place | None = None
    second: Place | None = None
    name: Place | None = None
    """The month's."""
    weekday: Place | None = None
    ordinal: Place | None = None


def _any(words: dict[str, tuple[int, int]]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")"


_NAME = rf"(?P<name>{_any(MONTHS)})(?![a-z])\.?"
_ORDINAL = r"(?P<ordinal>\s?(?:st|nd|rd|th)(?![a-z])|o(?![a-z])|a(?![a-z])|er(?![a-z])|\u0083)?"
_DAY = r"(?P<day>0{1,2})"
_YEAR = r"(?P<year>0000|'?\s?00)"
_OF = r"(?:\s+(?:of|de|del|day\s+of)\s+|[\s,.\-/_]*)"
_BY = r"\s?(?P<by>[/.\-_]|(?<=\s))\s?"
_AGAIN = r"\s?(?P=by)(?<![0])\s?"
_CLOCK = (
    r"(?:0{1,2}:00(?::00(?:[.,]0+)?)?\s*(?:[ap]\.?\s?m?\.?(?![a-z]))?|0000(?:00)?(?:\s?(?:h|hrs?|hours)\.?)?"
    r"|0{1,2}\s?(?:[ap]\.?\s?m\.?|h(?:rs?)?\.?(?:\s?00)?))"
    r"\s*(?:z|utc|gmt|[ecmp][sd]?t)?\s*(?:[+-]00:?(?:00)?)?"
)
_BEFORE = rf"(?:(?:at\s+)?{_CLOCK}(?:\s*[,;@]\s*|\s+|(?<=\s))(?:on\s+|of\s+)?)?"
_AFTER = (
    rf"(?:\s*(?:am|pm)|\s*(?:at|@)\s*0{{1,2}}|(?:\s*[,;@/|-]?\s*(?:at\s+|a\s+las\s+|um\s+)?|t|:|\s*\()(?:{_CLOCK})\)?)?"
)
_WEEKDAY = rf"(?:(?P<weekday>{_any(WEEKDAYS)})(?![a-z])\.?,?\s*)?"
_LEAD = r"(?:(?:on|the|el|dia|a|le|am)\s+)*"
_PART = r"(?:(?:early|mid|late|end\s+of|beginning\s+of|principios\s+de|finales\s+de|mediados\s+de)[\s-]+)?"

_GRAMMAR = tuple(
    re.compile(_BEFORE + _LEAD + _WEEKDAY + _LEAD + core + rf"(?:\s*\(?(?P<weekday2>{_any(WEEKDAYS)})\.?\)?)?" + _AFTER)
    for core in (
        rf"(?P<year>0000){_BY}(?P<month>0{{1,2}}){_AGAIN}(?P<day>0{{1,2}})",
        rf"(?P<first>0{{1,2}}){_BY}(?P<second>0{{1,2}}){_AGAIN}{_YEAR}",
        r"(?P<first>0{1,2})\s?[/.\-]\s?(?P<second>0{1,2})",
        r"(?P<month>0{1,2})\s?[/.\-]\s?(?P<year>0000|'?00)",
        r"(?P<year>0000)\s?[/.\-]\s?(?P<month>0{1,2})",
        rf"{_DAY}{_ORDINAL}{_OF}{_NAME}{_OF}{_YEAR}",
        rf"{_DAY}{_ORDINAL}{_OF}{_NAME}",
        rf"{_NAME}[\s,\-/_]*(?:the\s+)?{_DAY}{_ORDINAL}(?:[\s,.]+|,?\s+of\s+){_YEAR}",
        rf"{_NAME}[.\-/_]{_DAY}[.\-/_]{_YEAR}",
        rf"{_NAME}[\s\-/_,]*(?:the\s+)?{_DAY}{_ORDINAL}",
        rf"{_NAME}\s+{_DAY}\s+{_CLOCK}\s*(?P<year>0000)",
        rf"(?P<year>0000)[\s,.\-/_]*{_NAME}[\s,\-/_]*{_DAY}{_ORDINAL}",
        rf"{_PART}{_NAME}(?:\s+(?:of|de|del)\s+|[\s,.\-/_]*)(?P<year>0000|'?\s?00)",
        rf"{_PART}{_NAME}",
        r"(?P<day>0{1,2})(?P<ordinal>\s?(?:st|nd|rd|th))",
    )
)
_HAS_NAME = re.compile(_any(MONTHS))
_WITHOUT_NAME = tuple(grammar for grammar in _GRAMMAR if "name" not in grammar.groupindex)
_WEEKDAY_ALONE = re.compile(_BEFORE + rf"{_LEAD}(?P<weekday>{_any(WEEKDAYS)})\.?{_AFTER}")
_COMPACT = {
    8: ((0, 4), (4, 6), (6, 8)),
    12: ((0, 4), (4, 6), (6, 8)),
    14: ((0, 4), (4, 6), (6, 8)),
}
_RUN = re.compile(r"(0{8}|0{12}|0{14})(?:\.0+)?(?:[+-]0000)?(?:t?0{4}(?:00)?z?|\s+0{1,2}:00(?::00)?)?")
STAYS = re.compile(
    r"'00s?|00s|0000s?|(?:pod|hd|dol|ppd|pnd|post-?op(?:erative)?(?:\s+day)?|hospital\s+day|day|dia|d|wk|week|cycle|c0+d)"
    r"[\s#.:-]*0{1,3}|today|yesterday|tomorrow|tonight|hoy|ayer|manana|(?:0+|an?|one|two|three|four|five|six)\s+"
    r"(?:days?|weeks?|months?|years?|hours?|minutes?)(?:\s+ago|\s+later|\s+prior|\s+after)?"
)
"""What is written like a date and is none, or only a year: it stays."""


@lru_cache(maxsize=1 << 15)
def forms(shape: str) -> tuple[Form, ...]:
    """The ways to read it, the likeliest first; none where there is none. `shape` in small letters, folded."""
    return tuple(_forms(shape))


def _forms(shape: str) -> Iterator[Form]:
    run = _RUN.fullmatch(shape)
    if run:
        year, month, day = _COMPACT[len(run[1])]
        yield Form(year, month, day)
        if len(run[1]) == 8:
            yield Form((4, 8), (0, 2), (2, 4))
            yield Form((4, 8), (2, 4), (0, 2))
    if shape == "000000":
        yield Form((4, 6), (0, 2), (2, 4))
        yield Form((0, 2), (2, 4), (4, 6))
        yield Form((0, 4), (4, 6))
    for grammar in _GRAMMAR if _HAS_NAME.search(shape) else _WITHOUT_NAME:
        found = grammar.fullmatch(shape)
        if found:
            places = {role: found.span(role) for role, text in found.groupdict().items() if text and role != "by"}
            if "weekday2" in places:
                places.setdefault("weekday", places["weekday2"])
                del places["weekday2"]
            yield Form(**_without_apostrophe(shape, places))
    found = _WEEKDAY_ALONE.fullmatch(shape)
    if found:
        yield Form(weekday=found.span("weekday"))


def _without_apostrophe(shape: str, places: dict[str, Place]) -> dict[str, Place]:
    """A year's place is its digits, an ordinal's its letters."""
    for role, sign in (("year", "0"), ("ordinal", None)):
        if role in places:
            start, end = places[role]
            while start < end and (shape[start] != sign if sign else shape[start].isspace()):
                start += 1
            places[role] = (start, end)
    return places
