"""Dates as PostgreSQL writes them, put back to the first of January: of their own year, or of one that says nothing.

In text the value itself shows the DateStyle that it was written in, and it is answered in the same: whatever the
session has set, also a moment ago, the client reads what it expects.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
DATES = frozenset({DATE, TIMESTAMP, TIMESTAMPTZ})

NO_YEAR = 1900
"""Of a date that is redacted."""
POSTGRES_EPOCH_YEAR = 2000
MICROSECONDS_A_DAY = 86_400_000_000
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()

_STYLES = tuple(
    (re.compile(pattern, re.ASCII), written)
    for pattern, written in (
        (r"(\d{4,})-\d\d-\d\d", "{year}-01-01"),
        (r"\d\d/\d\d/(\d{4,})", "01/01/{year}"),
        (r"\d\d\.\d\d\.(\d{4,})", "01.01.{year}"),
        (r"\d\d-\d\d-(\d{4,})", "01-01-{year}"),
        (r"\w{3} \w{3} \d\d [\d:.]+ (\d{4,})", "{day} Jan 01 00:00:00 {year}"),
        (r"\w{3} \d\d \w{3} [\d:.]+ (\d{4,})", "{day} 01 Jan 00:00:00 {year}"),
    )
)
_ISO = _STYLES[0][1]


def generalised(type_oid: int, fmt: int) -> Callable[[bytes], bytes | None]:
    """The first of January of the same year; infinities and what lies before our era become NULL."""
    return _own_year_in_binary(type_oid) if fmt else lambda value: _in_text(value, type_oid, None)


def redacted(type_oid: int) -> Callable[[bytes], bytes | None]:
    """For text: a date that says nothing, in the style of the one that it stands for."""
    return lambda value: _in_text(value, type_oid, NO_YEAR) or nothing(type_oid, 0)


def nothing(type_oid: int, fmt: int) -> bytes:
    """The date that says nothing, as a constant: in binary, or in ISO style."""
    return _binary(_year_days(NO_YEAR), type_oid) if fmt else _written(NO_YEAR, type_oid, _ISO)


def _in_text(value: bytes, type_oid: int, year: int | None) -> bytes | None:
    text = value.decode("ascii", "replace")
    for pattern, written in _STYLES:
        found = pattern.match(text)
        if found and not text.endswith("BC"):
            return _written(int(found[1]) if year is None else year, type_oid, written)
    return None


def _written(year: int, type_oid: int, style: str) -> bytes:
    text = style.format(year=f"{year:04}", day=DAYS[(_year_days(year) + 5) % 7])
    if type_oid != DATE and ":" not in text:
        text += " 00:00:00"
    if type_oid == TIMESTAMPTZ:
        text += "+00" if style == _ISO else " UTC"
    return text.encode()


def _own_year_in_binary(type_oid: int) -> Callable[[bytes], bytes | None]:
    width = 4 if type_oid == DATE else 8

    def start(value: bytes) -> bytes | None:
        number = int.from_bytes(value, "big", signed=True)
        if len(value) != width or number in (-(1 << (8 * width - 1)), (1 << (8 * width - 1)) - 1):
            return None
        days = number if type_oid == DATE else number // MICROSECONDS_A_DAY
        return None if days < _year_days(1) else _binary(_days_to_year_start(days), type_oid)

    return start


def _binary(days: int, type_oid: int) -> bytes:
    number = days if type_oid == DATE else days * MICROSECONDS_A_DAY
    return number.to_bytes(4 if type_oid == DATE else 8, "big", signed=True)


def _days_to_year_start(days: int) -> int:
    """Days since 2000-01-01 to the days of that year's first of January (proleptic Gregorian)."""
    year = POSTGRES_EPOCH_YEAR + days * 400 // 146097
    while _year_days(year) > days:
        year -= 1
    while _year_days(year + 1) <= days:
        year += 1
    return _year_days(year)


def _year_days(year: int) -> int:
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 730119
