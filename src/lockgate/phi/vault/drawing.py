"""Draw until a candidate is free: taken by nobody else, and no known original."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Hashable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from lockgate.errors import VaultError
from lockgate.phi.vault._free import words

Draw: TypeAlias = Callable[[random.Random], str]
"""A candidate surrogate."""

LONGEST_OFFSET = 364
"""Days by which the dates of a patient are shifted at most; by a whole year, one without a year would stay as it is."""
ROUNDS: tuple[tuple[bool, int], ...] = ((True, 1), (True, 8), (True, 32), (False, 8), (False, 64), (False, 256))
"""Whether a surrogate is to be the only one of its class, over all patients, and how many candidates are tried. Each
round asks the vault once; where a class has fewer values than originals, those of one patient still stay apart."""
MOST_DRAWN = 100_000
"""Candidates of one round."""
Place = TypeVar("Place", bound=Hashable)


class Want(NamedTuple):
    """A surrogate that is wanted for the original, of a class, of a patient; `repr` shows neither."""

    patient: str
    cls: str
    original: str
    draw: Draw

    def __repr__(self) -> str:
        return f"Want({self.cls})"


def draw_offset(rng: random.Random) -> int:
    """Days, from -364 to 364, never 0."""
    days = rng.randrange(1, LONGEST_OFFSET + 1)
    return days if rng.getrandbits(1) else -days


class Drawn(NamedTuple, Generic[Place]):
    """A surrogate and the places that it takes: among its patient's of the class, and among all of the class (None
    where somebody else has that already)."""

    surrogate: str
    own: Place
    wide: Place | None


class Places(Protocol[Place]):
    """What is taken. Places are named by keyed hashes, or by anything else that says the same of the same."""

    def of(self, want: Want, candidate: str) -> tuple[Place, Place]:
        """What the candidate would take: its place among its patient's of the class, and among all of the class."""
        ...

    def taken(self, own: Sequence[Place], wide: Sequence[Place]) -> Container[Place]:
        """Those of the places, of either kind, that somebody has; asked once a round."""
        ...

    def known(self, candidates: Sequence[str]) -> Container[str]:
        """Those of the candidates that are an original of somebody; asked once a round."""
        ...


def draw_all(wanted: Sequence[Want], rng: random.Random, places: Places[Place]) -> list[Drawn[Place]]:
    """A surrogate for each that is wanted; no two take the same place, and none is an original, nor is a part of one.
    VaultError: a class has no free value left for a patient."""
    found: dict[int, Drawn[Place]] = {}
    here: set[Place] = set()
    left = list(range(len(wanted)))
    for everybody, tries in ROUNDS:
        if not left:
            break
        tries = max(1, min(tries, MOST_DRAWN // len(left)))
        if tries == 1:
            drawn = [(i, wanted[i].draw(rng)) for i in left]
        else:
            drawn = [(i, one) for i in left for one in dict.fromkeys(wanted[i].draw(rng) for _ in range(tries))]
        named = [places.of(wanted[i], candidate) for i, candidate in drawn]
        taken = places.taken([own for own, _ in named], [wide for _, wide in named])
        spelt = [words(candidate) for _, candidate in drawn]
        known = places.known([word for of in spelt for word in of])
        for (i, candidate), (own, wide), of in zip(drawn, named, spelt, strict=True):
            if i in found or not candidate or own in taken or own in here or of[0] in known:
                continue
            if len(of) > 1 and any(word in known for word in of):
                continue
            is_wide_free = wide not in taken and wide not in here
            if everybody and not is_wide_free:
                continue
            here |= {own, wide}
            found[i] = Drawn(candidate, own, wide if is_wide_free else None)
        left = [i for i in left if i not in found]
    if left:
        raise none_left(wanted[left[0]].cls)
    return [found[i] for i in range(len(wanted))]


def none_left(cls: str) -> VaultError:
    return VaultError(
        f"no surrogate is left for class {cls} of this patient",
        hint="the surrogates of this class are too few for the originals: give it a larger stock",
    )
