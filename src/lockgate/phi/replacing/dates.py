"""Dates as people write them: read, moved by days, and written again as they were.

What is kept: the order and the padding of the parts, separators, capitals, language, the ordinal's ending (which
follows the day), the time of day. A weekday moves along. A date without its year takes the year of the document's
other dates, which only matters around a leap day. A year alone stays. What cannot be read gives None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from lockgate.phi.finding.folding import fold
from lockgate.phi.replacing.calendar_words import (
    DAY_FIRST,
    MONTH_NAMES,
    MONTHS,
    SHORT,
    WEEKDAY_NAMES,
    WEEKDAYS,
    cased,
    ordinal,
)
from lockgate.phi.replacing.date_forms import DIGITS, STAYS, Form, Place, forms

COMMON_YEAR = 2023
"""For a date without a year in a document without one: no leap year."""
WRITTEN = 2026
"""No document was written before this version knew of it: what a year of two digits is completed by."""
AHEAD = 5
"""Years by which a year of two digits may lie after that: appointments, not births."""
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_MISREAD, _NUMERIC = frozenset("oli|"), frozenset("0/.- ")
_AS_DIGITS = str.maketrans("oli|", "0111")
"""What scanners read for digits: O7/l9/1946."""
OLDEST, NEWEST = 1800, 2199


@dataclass(frozen=True, slots=True)
class Hints:
    """What a document's dates say of one another."""

    day_first: bool = False
    year: int | None = None
    """Of dates that have none."""
    month: int | None = None
    """Of a day that has none: *the 14th*."""
    written: int = WRITTEN
    """The year in which the document was written, or a later one."""


NO_HINTS = Hints()


class Date(NamedTuple):
    """A date that was read: its parts (None: not written), and where they stand."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None
    form: Form
    either: bool
    """Its shape leaves open which number is the day."""

    @property
    def value(self) -> date | None:
        """None where a part is missing."""
        return date(self.year, self.month, self.day) if self.year and self.month and self.day else None


def is_no_date(written: str) -> bool:
    """A year alone, *POD 2*, *yesterday*: nothing that a shift would change."""
    text = _plain(written.strip())
    if STAYS.fullmatch(_shape(text)) is None:
        return False
    return not text[:4].isdigit() or OLDEST <= int(text[:4]) <= NEWEST


def read(written: str, hints: Hints = NO_HINTS) -> Date | None:
    """The date, or None where it is none or impossible (31 April)."""
    return _as_read(written, hints.day_first, hints.written)


@lru_cache(maxsize=1 << 13)
def _as_read(written: str, day_first: bool, latest: int) -> Date | None:
    """Each date of a text is read twice: for what it says of the others, and to be replaced."""
    text = _plain(written)
    shape = _shape(text)
    for form in forms(shape):
        found = _read(text, form, day_first, latest)
        if found is not None:
            return found
    if "0" in shape and not _MISREAD.isdisjoint(shape) and not set(shape) - _MISREAD - _NUMERIC:
        return _as_read(text.translate(_AS_DIGITS), day_first, latest)
    return None


def shifted(written: str, days: int, hints: Hints = NO_HINTS) -> str | None:
    """The date so many days later (or earlier), written alike; None where it cannot be read."""
    found = read(written, hints)
    if found is None:
        return written if is_no_date(written) else None
    try:
        moved = _anchored(found, hints) + timedelta(days=days)
    except (OverflowError, ValueError):
        return None
    return _written_like(written, found, moved, days)


def year_of(written: str, hints: Hints = NO_HINTS) -> int | None:
    """The year that is written in it, two digits completed; None where none is."""
    found = read(written, hints)
    if found is None and is_no_date(written):
        text = written.strip()
        return int(text[:4]) if text[:4].isdigit() else None
    return found.year if found else None


def hints_of(dates: Iterable[str], written: int | None = None, day_first: bool | None = None) -> Hints:
    """What the dates of one document say together. `written`: the year of the document, if that is known.

    A number over 12 tells the order of day and month, and so does a month's name in a language that has the day
    first; where nothing does, or they contradict one another, the month is first, as in the US.
    """
    order = 0
    years: Counter[int] = Counter()
    month = None
    for text in dates:
        found = read(text)
        if found is None:
            continue
        form = found.form
        if found.either and found.day and found.day > 12:
            order += _day_is_first(form) or -1
        elif form.name and MONTHS[_plain(text[slice(*form.name)])][0] in DAY_FIRST:
            order += 1
        if found.year:
            years[found.year] += 1
        month = month or found.month
    # The most frequent, and of those the latest: births are rare in a document.
    common = max(years, key=lambda one: (years[one], one)) if years else written
    known = written or WRITTEN
    # What lies far ahead is a placeholder, 31 December 2099: it does not make all births old.
    latest = max((known, *(year for year in years if year <= known + AHEAD)))
    return Hints(order > 0 if day_first is None else day_first, common, month, latest)


def _plain(written: str) -> str:
    return written.lower() if written.isascii() else fold(written).decode("latin-1").lower()


def _shape(text: str) -> str:
    return text.encode().translate(_ZEROS).decode() if text.isascii() else text.translate(DIGITS)


def _day_is_first(form: Form) -> bool:
    return form.day is not None and form.month is not None and form.day < form.month


def _read(text: str, form: Form, day_first: bool, latest: int) -> Date | None:
    either = form.first is not None
    if either:
        form = _decided(text, form, day_first)
    year = _number(text, form.year)
    if year is not None and form.year is not None:
        if form.year[1] - form.year[0] < 4:
            year += 2000 if 2000 + year <= latest + AHEAD else 1900
        elif not OLDEST <= year <= NEWEST:
            return None
    month, day = _number(text, form.month), _number(text, form.day)
    if form.name:
        month = MONTHS[text[form.name[0] : form.name[1]]][1] + 1
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    if month is not None and day is not None and day > 28 and not _possible(year, month, day):
        return None
    weekday = WEEKDAYS[text[form.weekday[0] : form.weekday[1]]][1] if form.weekday else None
    return Date(year, month, day, weekday, form, either)


def _decided(text: str, form: Form, said: bool) -> Form:
    first, second = _number(text, form.first) or 0, _number(text, form.second) or 0
    day_first = first > 12 or (said and second <= 12)
    month, day = (form.second, form.first) if day_first else (form.first, form.second)
    return Form(form.year, month, day, weekday=form.weekday)


def _number(text: str, place: Place | None) -> int | None:
    return int(text[place[0] : place[1]]) if place else None


def _possible(year: int | None, month: int, day: int) -> bool:
    try:
        date(year or 2024, month, day)
    except ValueError:
        return False
    return True


def _anchored(found: Date, hints: Hints) -> date:
    """What is not written is taken from the document: its year, its month; the middle of a month for its day."""
    month = found.month or hints.month
    if month is None:
        if found.day is not None:
            raise ValueError("a day of no month")
        return date(COMMON_YEAR, 1, 1)
    year, day = found.year or hints.year or COMMON_YEAR, found.day or 15
    if found.year is None and month == 2 and day == 29:
        while not _possible(year, 2, 29):
            year -= 1
    return date(year, month, day)


def _written_like(written: str, found: Date, moved: date, days: int) -> str:
    form = found.form
    pieces: list[tuple[Place, str]] = []
    if form.year:
        pieces.append((form.year, f"{moved.year:04}"[form.year[0] - form.year[1] :]))
    padded = _padded(written, form)
    if form.month:
        pieces.append((form.month, _numeral(moved.month, padded)))
    if form.day:
        pieces.append((form.day, _numeral(moved.day, padded)))
    if form.name:
        pieces.append((form.name, _month_name(written, form, moved.month - 1)))
    if form.ordinal and form.ordinal[0] < form.ordinal[1]:
        pieces.append((form.ordinal, ordinal(moved.day, written[slice(*form.ordinal)])))
    if form.weekday and found.weekday is not None:
        pieces.append((form.weekday, _weekday_name(written[slice(*form.weekday)], (found.weekday + days) % 7)))
    pieces.sort()
    out: list[str] = []
    at = 0
    for (start, end), text in pieces:
        out += (written[at:start], text)
        at = end
    out.append(written[at:])
    return "".join(out)


def _padded(written: str, form: Form) -> bool:
    """Whether days and months under ten have a zero: as one of them shows, else where the year has four digits."""
    numbers = [written[slice(*place)] for place in (form.month, form.day) if place]
    if any(len(number) == 1 for number in numbers):
        return False
    if any(number[0] == "0" for number in numbers):
        return True
    if form.name:
        # 31-Dec-2019 and 31DEC19 are codes, 31 December is a phrase.
        return form.day is not None and form.day[1] in (form.name[0], form.name[0] - 1) and written[form.day[1]] != " "
    return form.year is not None and form.year[1] - form.year[0] == 4


def _numeral(value: int, padded: bool) -> str:
    return f"{value:02}" if padded else str(value)


def _month_name(written: str, form: Form, month: int) -> str:
    assert form.name
    like = written[slice(*form.name)]
    table, _ = MONTHS[_plain(like)]
    if like == "Mai":
        table = MONTHS["juli"][0]
    # May is short and long: short where it is part of a code (03-May-19) or has a full stop.
    if _plain(like) == "may" and table in SHORT:
        beside = written[form.name[1] : form.name[1] + 1]
        if (beside and beside in "-/.") or (like.isupper() and beside.isdigit()):
            table = SHORT[table]
    return cased(MONTH_NAMES[table][month], like)


def _weekday_name(like: str, weekday: int) -> str:
    return cased(WEEKDAY_NAMES[WEEKDAYS[_plain(like)][0]][weekday], like)
