"""Operators: what stands in the place of a protected value. Pure; types and formats are the gateway's business.

| operator | what is left |
|---|---|
| `redact` | `[NAME]`: the class, nothing of the value |
| `token` | `NAME-` and 13 characters: equal values look equal, within one connection and principal |
| `generalise` | the part that Safe Harbor lets stay: the year, three ZIP digits, an age band |
| `partial` | a few leading characters |
| `null` | nothing |
| `detect` | free text, with whatever identifiers are found in it replaced |
"""

from __future__ import annotations

import re
from enum import StrEnum

from lockgate.action import TEXT

SMALL_ZIP3 = frozenset("036 059 102 203 205 369 556 692 753 772 821 823 878 879 884 893".split())
"""ZIP3 areas of at most 20,000 people (Census 2020); 164.514(b)(2)(i)(B) wants them as 000."""


class Operator(StrEnum):
    REDACT = "redact"
    TOKEN = "token"  # noqa: S105 - the name of an operator
    GENERALISE = "generalise"
    PARTIAL = "partial"
    NULL = "null"
    DETECT = "detect"


_GENERALISED = frozenset({"date", "geo"})
_REDACTED = frozenset({"photo", "biometric", "unclassified"})


def default_operator(cls: str) -> str:
    """`token` for names and identifiers, `generalise` for dates and places, `detect` for free text, else `redact`."""
    if cls == TEXT:
        return Operator.DETECT
    if cls in _GENERALISED:
        return Operator.GENERALISE
    if cls in _REDACTED:
        return Operator.REDACT
    return Operator.TOKEN


def redacted(cls: str) -> str:
    return f"[{cls.upper()}]"


_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")


def age_band(age: int) -> tuple[int, int | None] | None:
    """`(lowest, highest)` of the five years that an age lies in; over 89 there is no highest. None for no age."""
    if age < 0:
        return None
    return (90, None) if age > 89 else (age // 5 * 5, age // 5 * 5 + 4)


def generalise(cls: str, label: str, value: str) -> str:
    """The coarser value that may stay, or the redaction where none is known.

    Dates keep the year (164.514(b)(2)(i)(C)); a ZIP keeps three digits unless its area is small (…(B)); an age becomes
    a band of five years, over 89 one band; any other place is redacted.
    """
    if label == "zip":
        digits = value.strip()[:3]
        if len(digits) == 3 and digits.isdigit():
            return "000" if digits in SMALL_ZIP3 else digits
        return redacted(cls)
    if label == "age":
        written = value.strip()
        band = age_band(int(written)) if written.isascii() and written.isdigit() and len(written) < 10 else None
        if band is None:
            return redacted(cls)
        return f"{band[0]}+" if band[1] is None else f"{band[0]}-{band[1]}"
    if label == "state":
        return value
    if cls == "date":
        found = _YEAR.search(value)
        return found.group(1) if found else redacted(cls)
    return redacted(cls)
