"""What months, weekdays and ordinals are called, in the languages that notes here are written in."""

from __future__ import annotations

from lockgate.phi.finding.folding import fold

_MONTHS = (
    "January February March April May June July August September October November December",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
)
_WEEKDAYS = (
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Mon Tue Wed Thu Fri Sat Sun",
    "lunes martes miércoles jueves viernes sábado domingo",
    "lun mar mié jue vie sáb dom",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
)
_OTHERS = {"sept": (1, 8), "setiembre": (2, 8)}
_OTHER_DAYS = {"tues": (1, 1), "thur": (1, 3), "thurs": (1, 3), "weds": (1, 2)}
SHORT = {0: 1, 2: 3}
"""The table of short names that belongs to one of long names."""

Word = tuple[int, int]
"""`(table, place)`."""


def plain(word: str) -> str:
    return fold(word).decode("latin-1").lower()


def _read(lines: tuple[str, ...], others: dict[str, Word]) -> tuple[tuple[tuple[str, ...], ...], dict[str, Word]]:
    tables = tuple(tuple(line.split()) for line in lines)
    known: dict[str, Word] = {}
    for table, words in enumerate(tables):
        for place, word in enumerate(words):
            known.setdefault(plain(word), (table, place))
    return tables, known | others


MONTH_NAMES, MONTHS = _read(_MONTHS, _OTHERS)
WEEKDAY_NAMES, WEEKDAYS = _read(_WEEKDAYS, _OTHER_DAYS)
DAY_FIRST = frozenset(range(2, 7))
"""Tables of languages that write the day before the month."""


def cased(word: str, like: str) -> str:
    """In capitals, small letters or with a capital, as the other is."""
    if like.isupper():
        return word.upper()
    if like.islower():
        return word.lower()
    return word[:1].upper() + word[1:].lower()


def ordinal(day: int, like: str) -> str:
    """What stands behind a day's number: `3rd`; a sign that is the same for all stays."""
    if like.lower() not in ("st", "nd", "rd", "th"):
        return like
    ending = "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return ending.upper() if like.isupper() else ending
