"""A vault that is not told of everything, kept from giving out what a dataset holds."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lockgate.phi.vault._free import words
from lockgate.phi.vault.drawing import Draw
from lockgate.phi.vault.originals import Originals
from lockgate.phi.vault.protocol import Vault, Wanted

AGAIN = 64
"""Candidates that are originals of the dataset and are not even shown to the vault."""


class Avoiding:
    """The vault, drawing nothing that is among `originals`: texts of nobody have some too, of which a vault that keeps
    what it is told is not told."""

    def __init__(self, vault: Vault, originals: Originals) -> None:
        self._vault = vault
        self._originals = originals

    def surrogates(self, patient: str, wanted: Sequence[Wanted]) -> list[str]:
        return self._vault.surrogates(patient, [(cls, one, self._avoiding(draw)) for cls, one, draw in wanted])

    def offset(self, patient: str) -> int:
        return self._vault.offset(patient)

    def register(self, originals: Sequence[str]) -> None:
        self._vault.register(originals)

    def _avoiding(self, draw: Draw) -> Draw:
        """The empty text, which no vault takes, where nothing else is left."""

        def draws(rng: Random) -> str:
            for _ in range(AGAIN):
                candidate = draw(rng)
                if not any(word in self._originals for word in words(candidate)):
                    return candidate
            return ""

        return draws
