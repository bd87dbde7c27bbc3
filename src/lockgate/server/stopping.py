"""How this process hears of the kill switch. Reads that are recorded by shape ask no store when they run: for them it
is what was heard last, so whoever hears of the switch stops first and asks then, until the store has answered; and
whoever can hear nothing, because the session that listens is lost, stops until it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from lockgate.errors import LockgateError
from lockgate.pipeline import Pipeline

logger = structlog.get_logger("lockgate")
AGAIN_S = 0.5
ANSWER_S = 5.0
AWAY_S = 5.0
"""How long this process may be deaf before no statement begins any more: a store that is restarted is back by then."""
ENDS_S = 30.0
"""How long before what runs is ended too; others count a process as dead after twenty seconds at the least."""
AWAY = "Lockgate's store cannot be reached"


@dataclass(slots=True)
class Stopping:
    """`asked` reads the switch, `leave_fast` has every statement looked at again, `end_sessions` cancels what runs and
    says why."""

    pipeline: Pipeline
    asked: Callable[[], Awaitable[bool]]
    leave_fast: Callable[[], None]
    end_sessions: Callable[[str], None]
    on: bool = False
    """As the store last answered."""
    _heard: int = 0

    async def begin(self) -> None:
        """At start. Raises where the store does not answer: nothing is served then."""
        self._answered(await self.asked())

    async def heard(self, *, named: bool) -> None:
        """Somebody moved the switch (`named`), or notices may have been lost. Ends with the store's answer to the last
        question: an earlier one may be older than what was heard since."""
        self._heard += 1
        mine = self._heard
        if named:
            self._stop()
        while mine == self._heard:
            try:
                async with asyncio.timeout(ANSWER_S):
                    on = await self.asked()
            except (LockgateError, OSError, TimeoutError):
                self._stop(AWAY)
                await asyncio.sleep(AGAIN_S)
                continue
            if mine == self._heard:
                self._answered(on)
            return

    async def deaf(self) -> None:
        """Nothing is heard any more, until `heard` is called: whoever is back calls it. What the store may still answer
        over another way would be true for that moment only."""
        self._heard += 1
        mine = self._heard
        await asyncio.sleep(AWAY_S)
        if mine != self._heard:
            return
        self._stop(AWAY)
        await asyncio.sleep(ENDS_S - AWAY_S)
        if mine == self._heard:
            self.end_sessions(AWAY)

    def _stop(self, away: str = "") -> None:
        if away and not self.pipeline.stopped:
            logger.warning("nothing is executed until the store says that the kill switch is off", code="LG005")
        self.pipeline.stopped = True
        self.pipeline.away = away
        self.leave_fast()

    def _answered(self, on: bool) -> None:
        before, self.on = self.on, on
        self.pipeline.stopped = on
        self.pipeline.away = ""
        if on and not before:
            self.end_sessions("the kill switch is on")
