"""Ages over 89 are one group (45 CFR 164.514(b)(2)(i)(C)); younger ones stay."""

from __future__ import annotations

import re

OLDEST = 89
EVER = 150
"""Nobody was as old: such a number is of a year, or of something else."""
_DATED = re.compile(r"\d\s*[/.:-]\s*\d+\s*[/.:-]\s*\d")
"""Three numbers in a row are a date, or an address of the net."""
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)s?")
_ONES = "one two three four five six seven eight nine".split()
_WORDS = re.compile(
    r"ninety(?:[\s-](?:" + "|".join(_ONES) + r"))?|(?:(?:a|one)[\s-])?hundred(?:(?:\s+and)?[\s-](?:" + "|".join(_ONES)
    + r"|ten|eleven|twelve))?|nonagenarian|centenarian|noventa(?:\s+y\s+\w+)?|cien(?:to\s+\w+)?",
    re.IGNORECASE,
)  # fmt: skip


def generalised(written: str) -> str | None:
    """With `90+` for each age over 89; None where no age is in it, or what no age is: a date, a year."""
    if not written.isascii():
        written = "".join(str(int(c)) if c.isdecimal() else c for c in written)
    numbers = [float(one[1]) for one in _NUMBER.finditer(written)]
    if _DATED.search(written) or max(numbers, default=0) > EVER:
        return None
    if not numbers and not _WORDS.search(written):
        return None
    changed = _NUMBER.sub(lambda one: "90+" if float(one[1]) > OLDEST else one[0], written)
    return _WORDS.sub("90+", changed).replace("90++", "90+")


def capped(age: int) -> int:
    """For a column that stays one of numbers: 90 stands for 90 and over."""
    return min(age, OLDEST + 1)
