"""How this process hears of the kill switch. Reads that are recorded by shape ask no store when they run: for them it
is what was heard last, so whoever hears of the switch stops first and asks then, until the store has answered."""

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


@dataclass(slots=True)
class Stopping:
    """`asked` reads the switch, `end_sessions` cancels what runs."""

    pipeline: Pipeline
    asked: Callable[[], Awaitable[bool]]
    end_sessions: Callable[[], None]
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
            self.pipeline.stopped = True
        while mine == self._heard:
            try:
                async with asyncio.timeout(ANSWER_S):
                    on = await self.asked()
            except (LockgateError, OSError, TimeoutError):
                if not self.pipeline.stopped:
                    logger.warning("nothing is executed until the store says that the kill switch is off", code="LG005")
                self.pipeline.stopped = True
                await asyncio.sleep(AGAIN_S)
                continue
            if mine == self._heard:
                self._answered(on)
            return

    def _answered(self, on: bool) -> None:
        before, self.on = self.on, on
        self.pipeline.stopped = on
        if on and not before:
            self.end_sessions()
