"""Names of people, replaced part by part: each part of a name has one surrogate for a patient, wherever it stands.

So *John Smith*, *Mr. Smith*, *SMITH, JOHN* and *smith's* keep belonging together, in any order of texts. An initial
becomes the initial of what the name becomes: each first letter has a surrogate too, and names are drawn that begin
with it. Titles, suffixes, order, capitals, possessives and separators stay (`_names`, `_roles`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import lru_cache

from lockgate.phi.replacing import _names, _roles
from lockgate.phi.replacing._names import Name
from lockgate.phi.replacing._roles import Roles
from lockgate.phi.replacing.draws import Ladder, another, pick
from lockgate.phi.replacing.name_lists import letters, lists, pools
from lockgate.phi.replacing.pieces import Part
from lockgate.phi.vault import Wanted

INITIAL = "initial"
"""What the vault calls a first letter."""

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_ENDS = {
    "female": ("na", "lia", "ra", "sha"),
    "male": ("n", "k", "rd", "s"),
    "given": ("n", "l", "ra", "s"),
    "family": ("n", "ck", "nd", "ler", "rn", "sk"),
}

title_before = _names.title_before
read = lru_cache(maxsize=1 << 13)(_names.read)


def originals(name: Name) -> Iterator[str]:
    """What of it is replaced, in canonical form; initials are no secret by themselves."""
    return (token.key for token in name.tokens if token.kind or token.role == "number")


def letters_wanted(asked: Iterable[str]) -> list[Wanted]:
    """What the vault is asked for first letters. They are asked as `j.`, which no surrogate is: there are too few
    letters for none to be anybody's. What is drawn is a letter and a number that keeps it apart from all others."""
    deck, full = [""], letters()
    return [(INITIAL, f"{letter}.", another(letter, deck, full)) for letter in asked]


def parts(name: Name, roles: Roles, letter: dict[str, str]) -> list[Part]:
    """The name in parts; `letter` says which letter stands for which."""
    return _roles.parts(name, roles, letter, _draws)


@lru_cache(maxsize=4)
def _others(kind: str) -> tuple[str, ...]:
    return lists()[kind][:500]


@lru_cache(maxsize=256)
def _draws(kind: str, letter: str) -> Ladder:
    """Names that begin with the letter: a common one; two of them; one that nobody has heard of, of which there are
    enough when every common name is somebody's."""
    pool = pools()[kind, letter]
    other = _others("female" if kind == "given" else kind)

    def two(rng: random.Random) -> str:
        return f"{pick(rng, pool)}-{pick(rng, other)}"

    def invented(rng: random.Random) -> str:
        syllables = [pick(rng, _CONSONANTS) + pick(rng, _VOWELS) for _ in range(3)]
        return letter + ("" if letter in _VOWELS else pick(rng, _VOWELS)) + "".join(syllables) + pick(rng, _ENDS[kind])

    return pool, two, invented


__all__ = ["INITIAL", "Name", "Roles", "letters_wanted", "originals", "parts", "read", "title_before"]
