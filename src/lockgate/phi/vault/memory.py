"""A vault without a disk: consistent for as long as the process lives, for tests and for what is done once."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

from lockgate.phi.vault._chance import CHANCE
from lockgate.phi.vault._free import draw_each
from lockgate.phi.vault.drawing import ROUNDS, draw_offset, none_left
from lockgate.phi.vault.originals import Originals
from lockgate.phi.vault.protocol import Wanted


class MemoryVault:
    """As `store.vault.SealedVault`, with nothing kept. Threads may share it.

    `rng` is for tests, otherwise chance is the system's. `originals` are those of a dataset that others have too.
    """

    def __init__(self, rng: random.Random | None = None, originals: Originals | None = None) -> None:
        self._rng = rng or CHANCE
        self._lock = threading.Lock()
        self._given: dict[str, dict[str, dict[str, str]]] = {}
        """By patient, class and original."""
        self.originals = Originals() if originals is None else originals
        """What no surrogate is: others may share it."""
        self._taken: dict[str, dict[str, str | set[str]]] = {}
        """By class and surrogate: whose it is."""
        self._offsets: dict[str, int] = {}

    def surrogates(self, patient: str, wanted: Sequence[Wanted]) -> list[str]:
        """The surrogate of each `(class, normalised original, draw)`, the same ever after. VaultError: none is left."""
        with self._lock:
            given = self._given.setdefault(patient, {})
            for cls in {one[0] for one in wanted}.difference(given):
                given[cls] = {}
            fresh = [one for one in wanted if one[1] not in given[one[0]]]
            if fresh:
                self.originals.add([original for _, original, _ in fresh])
                self._drawn(patient, given, fresh)
            return [given[cls][original] for cls, original, _ in wanted]

    def _drawn(self, patient: str, given: dict[str, dict[str, str]], fresh: list[Wanted]) -> None:
        """By the rules of `draw_all`, one candidate at a time: nobody is asked over a network whether it is free."""
        for cls in given.keys() - self._taken.keys():
            self._taken[cls] = {}
        ended = draw_each(fresh, given, self._rng, ROUNDS, patient, self._taken, self.originals)
        if ended is not None:
            raise none_left(ended)

    def offset(self, patient: str) -> int:
        """Days by which the dates of this patient are shifted, the same ever after; never 0."""
        with self._lock:
            if patient not in self._offsets:
                self._offsets[patient] = draw_offset(self._rng)
            return self._offsets[patient]

    def register(self, originals: Sequence[str]) -> None:
        """Originals that no surrogate may be from now on."""
        with self._lock:
            self.originals.add(originals)
