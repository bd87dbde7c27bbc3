"""What any vault promises, wherever it keeps what it has drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from lockgate.phi.vault.drawing import Draw

Wanted: TypeAlias = tuple[str, str, Draw]
"""`(class, original, draw)`."""


class Vault(Protocol):
    """What was drawn once for a patient's identifier stands for it ever after, in every process that has the vault."""

    def surrogates(self, patient: str, wanted: Sequence[Wanted]) -> list[str]:
        """A surrogate for each `(class, original, draw)`, in that order.

        Originals come in canonical form (small letters, no separators: `replacing` renders them as they were written).
        The class is what is replaced: `name`, `mrn`, `phone` …; originals of different classes have surrogates that
        have nothing to do with one another. `patient` is whatever the data calls the person; it is only compared.

        No surrogate is an original that the vault knows, of anybody and of any class, and all originals of one call
        are known before the first is drawn. VaultError: `draw` gives nothing that is left.
        """
        ...

    def offset(self, patient: str) -> int:
        """The days by which all dates of this patient move, from -364 to 364, never 0; secret."""
        ...

    def register(self, originals: Sequence[str]) -> None:
        """Originals that no surrogate may be from now on, before any of them is asked for."""
        ...
