"""How values are spelt, and which candidate is free: what is done for every surrogate. Compiled."""

import re
import unicodedata

import cython

_BETWEEN = bytes(code for code in range(128) if not chr(code).isalnum())
"""What ASCII has beside letters and digits."""
_PART = re.compile(r"[\s-]+")


@cython.ccall
def normal(written) -> str:
    """One form of what people read as the same: NFKC, case folded, letters and digits alone (as far as it has any), so
    that `(617) 555-0123` is the number that is kept as `6175550123`."""
    value: str = str(written)
    if value.isascii():
        low: str = value.lower()
        return low if low.isalnum() else low.encode().translate(None, _BETWEEN).decode() or " ".join(low.split())
    folded: str = unicodedata.normalize("NFKC", value).casefold()
    signs: str = "".join([c for c in folded if unicodedata.category(c)[0] in "LNM"])
    return signs or " ".join(folded.split())


@cython.ccall
def words(candidate: str) -> list:
    """A candidate, and its parts where it has several: *Anna-Maria* is no surrogate where *Maria* is an original."""
    if candidate.isalnum():
        return [candidate]
    parts: list = _PART.split(candidate)
    return [candidate, *[part for part in parts if part]] if len(parts) > 1 else [candidate]


def draw_each(fresh: list, given: dict, rng, rounds: tuple, patient: str, taken: dict, originals):
    """Adds to `given`, by class and original, a surrogate of each `(class, original, draw)`. The class of which none is
    left, or None.

    One candidate at a time, by `rounds`: whether everybody's count, and how many are tried. `taken` is by class.
    """
    exact: set = originals.exact
    for cls, original, draw in fresh:
        of_class: dict = given[cls]
        if original in of_class:
            continue
        found = None
        for everybody, tries in rounds:
            found = _first_free(draw, rng, tries, patient, taken[cls], everybody, originals, exact)
            if found is not None:
                break
        if found is None:
            return cls
        of_class[original] = found
    return None


@cython.cfunc
def _first_free(
    draw, rng, tries: cython.int, patient: str, taken: dict, everybody: cython.bint, originals, exact: set
) -> object:
    """The first of so many candidates that is no original and is not taken, which it then is; None where none is.

    `taken`: in normal form, whose it is, or the set of those; where `everybody` counts, not only the patient's own are.
    """
    candidate: str
    _n: cython.int
    for _n in range(tries):
        candidate = draw(rng)
        if not candidate:
            continue
        spelt: str = normal(candidate)
        owner = taken.get(spelt)
        if owner is not None and (everybody or (patient in owner if isinstance(owner, set) else patient == owner)):
            continue
        if originals.hold(spelt) if exact is None else hash(spelt) in exact:
            continue
        if not candidate.isalnum() and _part_of(originals, candidate):
            continue
        if owner is None:
            taken[spelt] = patient
        elif isinstance(owner, set):
            owner.add(patient)
        else:
            taken[spelt] = {owner, patient}
        return candidate
    return None


@cython.cfunc
def _part_of(originals, candidate: str) -> cython.bint:
    """Whether a part of it is an original."""
    parts: list = words(candidate)
    return any(word in originals for word in parts[1:])
