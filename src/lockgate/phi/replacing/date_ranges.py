"""From one date to another: *3/4-3/6/19*, *May 3 to May 5*, *May 3-5, 2019*, *3-5 May 2019*. Each end moves alone."""

from __future__ import annotations

import re
from dataclasses import replace

from lockgate.phi.replacing.calendar_words import MONTHS
from lockgate.phi.replacing.dates import Date, Hints, read, shifted

_BETWEEN = r"\s*[-–—]\s*|\s+(?:to|through|thru|until|till|and|or|al?|hasta|y|bis)\s+|\s*[&/;,]\s*"
_NAME = "(?:" + "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True)) + ")"
_ORDINAL = r"(?:st|nd|rd|th)?"
_MONTH_DAYS = re.compile(
    rf"(?P<month>{_NAME}\.?\s*)(?P<one>\d{{1,2}}{_ORDINAL})(?P<by>{_BETWEEN})(?P<two>\d{{1,2}}{_ORDINAL})(?P<rest>(?:,?\s+\d{{4}})?)",
    re.IGNORECASE,
)
_DAYS_MONTH = re.compile(
    rf"(?P<one>\d{{1,2}}{_ORDINAL})(?P<by>{_BETWEEN})(?P<two>\d{{1,2}}{_ORDINAL})(?P<month>\s+(?:of\s+|de\s+)?{_NAME}.*)",
    re.IGNORECASE,
)
_LONGEST = 80


def ends(written: str, hints: Hints) -> tuple[str, str, str, Date, Date] | None:
    """`(first, between, last, and both read)`; None where it is no range of dates that each have a month."""
    if len(written) > _LONGEST:
        return None
    for found in re.finditer(_BETWEEN, written):
        first, last = written[: found.start()], written[found.end() :]
        one, two = read(first, hints), read(last, hints)
        if one and two and one.month and two.month:
            return first, found[0], last, one, two
    return None


def shifted_range(written: str, days: int, hints: Hints) -> str | None:
    """Both ends so many days later, written alike; None where it is no range."""
    found = _MONTH_DAYS.fullmatch(written)
    if found:
        return _joined_after(found["month"], found["one"], found["by"], found["two"] + found["rest"], days, hints)
    found = _DAYS_MONTH.fullmatch(written)
    if found:
        return _joined_before(found["one"], found["by"], found["two"], found["month"], days, hints)
    parts = ends(written, hints)
    if parts is None:
        return None
    first, between, last, one, two = parts
    lent = replace(hints, year=two.year or one.year or hints.year)
    moved = shifted(first, days, lent), shifted(last, days, lent)
    return None if None in moved else f"{moved[0]}{between}{moved[1]}"


def year_of_range(written: str, hints: Hints) -> int | None:
    """The year that it ends in."""
    for grammar in (_MONTH_DAYS, _DAYS_MONTH):
        found = grammar.fullmatch(written)
        if found:
            year = re.search(r"\b\d{4}$", written)
            return int(year[0]) if year else None
    parts = ends(written, hints)
    return (parts[4].year or parts[3].year) if parts else None


def _joined_after(month: str, one: str, by: str, two: str, days: int, hints: Hints) -> str | None:
    last = read(month + two, hints)
    lent = replace(hints, year=(last.year if last else None) or hints.year)
    first, second = shifted(month + one, days, lent), shifted(month + two, days, lent)
    if first is None or second is None:
        return None
    name = re.match(r"[^\d]+", second)
    same = name is not None and first.startswith(name[0])
    return first + by + (second[len(name[0]) :] if name and same else second)


def _joined_before(one: str, by: str, two: str, month: str, days: int, hints: Hints) -> str | None:
    first, second = shifted(one + month, days, hints), shifted(two + month, days, hints)
    if first is None or second is None:
        return None
    heads = re.match(rf"\d+{_ORDINAL}", first, re.IGNORECASE), re.match(rf"\d+{_ORDINAL}", second, re.IGNORECASE)
    if heads[0] and heads[1] and first[heads[0].end() :] == second[heads[1].end() :]:
        return heads[0][0] + by + second
    return first + by + second
