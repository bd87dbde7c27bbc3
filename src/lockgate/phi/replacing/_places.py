"""A written place taken apart: which of its words name it, and what each run of them is. Compiled."""

import re

import cython

from lockgate.phi.replacing.pieces import SIGN, canonical
from lockgate.phi.replacing.place_words import BESIDE, FACILITY, STATES, STREET

_WORD = re.compile(rf"(?!\d){SIGN}(?:{SIGN}|['’.-](?=[^\W_]))*|\d{SIGN}*(?:-\d+)?")
_ASCII_WORD = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|['.-](?=[A-Za-z0-9]))*|[0-9][A-Za-z0-9]*(?:-[0-9]+)?")
"""What `_WORD` finds in ASCII, sooner."""
_ZIP = re.compile(r"\d{5}(?:[-\s]?\d{4})?")
_NTH = re.compile(r"\d+(?:st|nd|rd|th)", re.IGNORECASE)
_BESIDE_STREETS = STREET | BESIDE
_ENDS = re.compile(r"[,;\n()]|\s[-–]\s")


_LEADS = frozenset("po calle avenida avda paseo camino apt unit".split())


def runs(written: str, what: str) -> tuple:
    """`(start, end, kind)` of what is to be replaced: words side by side that name one place are one. `what` is it:
    `geo` for whatever it is, or `street`, `city`, `facility`."""
    out: list = []
    at: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t
    for found in _ENDS.finditer(written):
        end = found.start()
        _between(written, at, end, what, out)
        at = end
    _between(written, at, len(written), what, out)
    return tuple(out)


@cython.cfunc
def _between(written: str, at: cython.Py_ssize_t, end: cython.Py_ssize_t, what: str, out: list):
    """From one comma to the next."""
    words: list = list((_ASCII_WORD if written.isascii() else _WORD).finditer(written, at, end))
    facility: cython.bint = what == "facility"
    if at and words and not facility:
        words = _without_state(written, words)
    if not words:
        return
    low: list = [canonical(found[0]) for found in words]
    street: cython.bint = what == "street" or (what == "geo" and _is_street(words[0][0], low))
    kind: str = "facility" if facility else "street" if street else "city"
    stays: frozenset = FACILITY if facility else _BESIDE_STREETS if street else BESIDE
    if stays.issuperset(low):
        stays = frozenset(low[1:]) - {low[0]}
    begun: cython.Py_ssize_t = -1
    last: cython.Py_ssize_t = 0
    place: cython.Py_ssize_t
    for place in range(len(words)):
        found = words[place]
        word: str = low[place]
        own = _own(found[0], word, place, len(words), facility, street)
        if own is None and word in stays:
            own = ""
        if own is None:
            begun = found.start() if begun < 0 else begun
            last = found.end()
            continue
        if begun >= 0:
            out.append((begun, last, kind))
            begun = -1
        if own:
            out.append((found.start(), found.end(), own))
    if begun >= 0:
        out.append((begun, last, kind))


@cython.cfunc
def _without_state(written: str, words: list) -> list:
    """A state behind a comma stays; alone it may be the city of that name."""
    last: cython.Py_ssize_t = len(words)
    if _ZIP.fullmatch(words[last - 1][0]):
        last -= 1
    if last and _spaced(written[words[0].start() : words[last - 1].end()]) in STATES:
        return words[last:]
    return words


@cython.cfunc
def _spaced(text: str) -> str:
    return " ".join(text.lower().replace(".", "").split())


@cython.cfunc
def _is_street(first: str, low: list) -> cython.bint:
    """It begins with a house number, or says what kind of street it is."""
    if len(low) < 2:
        return False
    if (first[0].isdigit() and len(first) < 6) or low[0] in _LEADS:
        return True
    # Wherever it stands: Dixie Highway in Shively.
    word: str
    return any(word in STREET for word in low[1:])


@cython.cfunc
def _own(
    written: str,
    word: str,
    place: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
    facility: cython.bint,
    street: cython.bint,
) -> object:
    """What a single word is: a ZIP code, a house number, a state (which stays: ""), or None where its run decides."""
    if written[0].isdigit():
        if not (street and place == 0) and _ZIP.fullmatch(written):
            return "zip"
        return "house" if (street or not facility) and not _NTH.fullmatch(written) else None
    if len(word) == 2 and place and place >= count - 2 and not facility and word in STATES and written.isupper():
        return ""
    # A letter or two behind Apt or a house number: 2B is a number, B alone as well.
    return "house" if street and len(word) == 1 and place == count - 1 and place and word not in "nsew" else None
