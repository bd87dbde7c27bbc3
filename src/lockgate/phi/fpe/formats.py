"""Values as numerals and back: what of a value is encrypted, and what of it is format and stays where it is.

ASCII digits become digits and letters become letters, in the case that the place has; separators stay. A value of
digits alone is FF1 of radix 10 over them, of letters alone radix 26, as any other FF1 would give. Digits and letters
together are one number in their mixed radix, encrypted as bits until the result is such a number again (cycle walking:
Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from lockgate.errors import CipherError
from lockgate.phi.fpe.ff1 import FF1, MIN_DOMAIN

LONGEST = 1_000
"""Characters; no identifier is longer."""
RADIX = {"0": 10, "a": 26}
_KINDS = str.maketrans(
    string.digits + string.ascii_letters, "0" * len(string.digits) + "a" * len(string.ascii_lowercase) + "A" * 26
)
_RUN = re.compile(r"0+|[aA]+")
_BASE_26 = str.maketrans(string.ascii_lowercase, (string.digits + string.ascii_lowercase)[:26])


class Alphabet:
    """The numerals of a radix: `0123456789`, or any characters, each once."""

    def __init__(self, characters: str) -> None:
        if len(set(characters)) != len(characters) or len(characters) < 2:
            raise CipherError("an alphabet has at least two characters, each once")
        self.characters = characters
        self.radix = len(characters)
        self._values = {character: value for value, character in enumerate(characters)}

    def encrypt(self, cipher: FF1, values: Sequence[str], tweak: bytes = b"") -> list[str]:
        """Each value, which has nothing but characters of the alphabet, as another of the same length."""
        return self._map(cipher.encrypt, values, tweak)

    def decrypt(self, cipher: FF1, values: Sequence[str], tweak: bytes = b"") -> list[str]:
        return self._map(cipher.decrypt, values, tweak)

    def number(self, text: str) -> int:
        """CipherError: a character is none of the alphabet's; which one is not said."""
        number = 0
        try:
            for character in text:
                number = number * self.radix + self._values[character]
        except KeyError:
            raise CipherError("a value has a character that its alphabet has not") from None
        return number

    def text(self, number: int, length: int) -> str:
        out = [""] * length
        for place in range(length - 1, -1, -1):
            number, value = divmod(number, self.radix)
            out[place] = self.characters[value]
        return "".join(out)

    def _map(self, run: _Run, values: Sequence[str], tweak: bytes) -> list[str]:
        answers = [""] * len(values)
        for length, places in _grouped(map(len, values)).items():
            _not_too_long(length)
            numbers = run([self.number(values[place]) for place in places], self.radix, length, tweak)
            for place, number in zip(places, numbers, strict=True):
                answers[place] = self.text(number, length)
        return answers


class FormatKeeping:
    """FF1 over the digits and letters of a value, its separators and the case of its places kept.

    `key` is an AES key (32 bytes); the class of a value is the tweak, so that equal numbers of two classes differ.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = FF1(key)

    def encrypt(self, values: Sequence[str], cls: str) -> list[str]:
        """Each value as another of the same format. CipherError: a value has less than 1,000,000 of its format, or a
        letter or digit that is not ASCII and would stay in clear."""
        return self._map(self._cipher.encrypt, values, cls)

    def decrypt(self, values: Sequence[str], cls: str) -> list[str]:
        """The way back, for the same key and class. Whatever has such a format decrypts to something."""
        return self._map(self._cipher.decrypt, values, cls)

    def _map(self, run: _Run, values: Sequence[str], cls: str) -> list[str]:
        answers = [""] * len(values)
        for shape, places in _grouped(value.translate(_KINDS) for value in values).items():
            form = _form(shape)
            numbers = _walked(run, [form.rank(values[place]) for place in places], form, cls.encode())
            for place, number in zip(places, numbers, strict=True):
                answers[place] = form.value(number)
        return answers


@dataclass(frozen=True, slots=True)
class _Form:
    """What values of one shape have in common: runs of digits or letters `(start, end, kind)`, and how many there are
    of them."""

    shape: str
    runs: tuple[tuple[int, int, str], ...]
    size: int

    def rank(self, value: str) -> int:
        number = 0
        for start, end, kind in self.runs:
            run = value[start:end]
            radix = RADIX[kind]
            digits = run if kind == "0" else run.lower().translate(_BASE_26)
            number = number * radix ** (end - start) + int(digits, radix)
        return number

    def value(self, number: int) -> str:
        out = list(self.shape)
        for start, end, kind in reversed(self.runs):
            number, run = divmod(number, RADIX[kind] ** (end - start))
            out[start:end] = str(run).zfill(end - start) if kind == "0" else _LETTERS.text(run, end - start)
        return "".join(
            [c.upper() if place == "A" else c for c, place in zip(out, self.shape, strict=True)]
            if "A" in self.shape
            else out
        )


Name = TypeVar("Name", bound=Hashable)
_Run: TypeAlias = Callable[[Sequence[int], int, int, bytes], list[int]]
_LETTERS = Alphabet(string.ascii_lowercase)


def _form(shape: str) -> _Form:
    _not_too_long(len(shape))
    if any(c.isalnum() and not c.isascii() for c in shape):
        raise CipherError(
            "a value has letters or digits that are not ASCII: they would stay as they are",
            hint="use a surrogate of the vault for names and words",
        )
    runs = tuple((m.start(), m.end(), m[0][0].lower()) for m in _RUN.finditer(shape))
    size = 1
    for start, end, kind in runs:
        size *= RADIX[kind] ** (end - start)
    if size < MIN_DOMAIN:
        raise CipherError(
            f"a value of this format is one of only {size:,}; fewer than {MIN_DOMAIN:,} are too few to hide one among",
            hint="use a surrogate of the vault for values as short as this, or redact them",
        )
    return _Form(shape, runs, size)


def _walked(run: _Run, numbers: list[int], form: _Form, tweak: bytes) -> list[int]:
    kinds = {kind for _, _, kind in form.runs}
    if len(kinds) == 1:
        length = sum(end - start for start, end, _ in form.runs)
        return run(numbers, RADIX[kinds.pop()], length, tweak)
    bits = (form.size - 1).bit_length()
    # Every cycle of the permutation leads back into the format, where it began; half of the numbers are in it or more.
    outside = list(range(len(numbers)))
    answers = list(numbers)
    while outside:
        walked = run([answers[place] for place in outside], 2, bits, tweak)
        for place, number in zip(outside, walked, strict=True):
            answers[place] = number
        outside = [place for place in outside if answers[place] >= form.size]
    return answers


def _grouped(names: Iterable[Name]) -> dict[Name, list[int]]:
    """The places at which each name stands."""
    groups: dict[Name, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(name, []).append(place)
    return groups


def _not_too_long(length: int) -> None:
    if length > LONGEST:
        raise CipherError(f"a value is longer than {LONGEST:,} characters")
