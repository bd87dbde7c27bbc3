"""One draw after another from what gets wider. Compiled."""

import cython

NARROW = 9
"""Draws from what looks most alike. A vault asks for 1 and 8, and then for 32 at once (`vault.drawing.ROUNDS`)."""
STEP = 6
"""Draws of each kind after that, up to the widest."""
_NARROW = cython.declare(cython.int, NARROW)
_STEP = cython.declare(cython.int, STEP)


def pick(rng, options):
    """One of fewer than a million options, each as likely as the next to one in a million."""
    return options[rng.getrandbits(40) % len(options)]


@cython.no_gc
@cython.cclass
class widening:  # noqa: N801 - it is called as a function is
    """For one original of a kind with few values: draws from the ladder's draws in turn."""

    _draws = cython.declare(tuple)
    _count = cython.declare(cython.int)

    def __init__(self, draws):
        self._draws = draws
        self._count = 0

    def __call__(self, rng):
        self._count += 1
        step: cython.Py_ssize_t = 0
        if self._count > _NARROW:
            step = min(1 + (self._count - _NARROW - 1) // _STEP, len(self._draws) - 1)
        draw = self._draws[step]
        return pick(rng, draw) if isinstance(draw, tuple) else draw(rng)


@cython.no_gc
@cython.cclass
class another:  # noqa: N801
    """Draws any letter but this one, from a deck that is shared: two letters are one only where none is left. A number
    behind it keeps it apart from all others."""

    _letter = cython.declare(str)
    _deck = cython.declare(list)
    _full = cython.declare(str)

    def __init__(self, letter, deck, full):
        self._letter = letter
        self._deck = deck
        self._full = full

    def __call__(self, rng):
        left: str = self._deck[0]
        others: str = left.replace(self._letter, "")
        if not others:
            left += self._full
            others = left.replace(self._letter, "")
        drawn: str = pick(rng, others)
        self._deck[0] = left.replace(drawn, "")
        return f"{drawn}{rng.getrandbits(40)}"
