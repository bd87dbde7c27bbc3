"""Which processes have been missed for so long that they count as dead.

A process that lives has a lock (`store/living`). Without it is whoever has died, and for a moment whoever lost its
session of a PostgreSQL store and makes another: so one look decides nothing. What counts as time here is what the
system's steady clock says, which nobody sets, and how often was looked: a process that was itself asleep between two
looks knows no more than before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

MISSED_S = 20.0
"""A session that is lost is made anew within a second of the store being there (`store/presence`)."""
LOOKS = 3
LONGEST_GAP_S = 15.0
"""Between two looks; after a longer one, in which the store or this process was away, counting begins anew."""


class Absences:
    """Give `look` what was seen each time; marks are what `Store.mark` calls a process."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self.missed_s = MISSED_S
        self._steady = steady
        self._known: set[str] = set()
        self._missed: dict[str, tuple[float, int]] = {}
        self._looked_s = steady()

    def look(self, named: Collection[str], present: Collection[str]) -> frozenset[str]:
        """The marks of the dead, of those `named` and of those who were present at a look before."""
        now_s = self._steady()
        self._known |= set(present)
        absent = (self._known | set(named)) - set(present)
        before = self._missed if now_s - self._looked_s <= LONGEST_GAP_S else {}
        self._looked_s = now_s
        self._missed = {}
        for mark in absent:
            since_s, looks = before.get(mark, (now_s, 0))
            self._missed[mark] = since_s, looks + 1
        return frozenset(
            mark
            for mark, (since_s, looks) in self._missed.items()
            if looks >= LOOKS and now_s - since_s >= self.missed_s
        )

    def was_present(self, marks: Collection[str]) -> bool:
        """Whether any of these processes was seen alive, so that the log may hold what it began."""
        return not self._known.isdisjoint(marks)

    def forget(self, marks: Collection[str]) -> None:
        """What they left behind is settled."""
        self._known -= set(marks)
