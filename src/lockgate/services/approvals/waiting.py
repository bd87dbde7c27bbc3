"""Waking those who hold a connection open: one subscription to the store, an event a waiting request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from itertools import chain

from lockgate.store import EVERYTHING

MOST_HEARD = 100
"""Topics that a watcher is told one by one; of more it is told that something changed."""


class Watcher:
    """What has been committed since it was last asked: for a console, which shows many requests at once."""

    def __init__(self, who: str) -> None:
        self.who = who
        self._heard: set[str] = set()
        self._rung = asyncio.Event()
        self.over = False

    def heard(self, topic: str) -> None:
        if len(self._heard) < MOST_HEARD:
            self._heard.add(topic)
        else:
            self._heard = {EVERYTHING}
        self._rung.set()

    def end(self) -> None:
        self.over = True
        self._rung.set()

    async def take(self, timeout_s: float) -> frozenset[str]:
        """Topics, once there are any; none when the time is over, or `over`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        self._rung.clear()
        heard, self._heard = frozenset(self._heard), set()
        return heard


class Bell:
    """Rings for a request when the store says that something about it was committed, here or in another
    process.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._watchers: set[Watcher] = set()

    def attach(self, listen: Callable[[Callable[[str], None]], Callable[[], None]]) -> None:
        """Subscribe once, on first use."""
        if self._unsubscribe is None:
            self._unsubscribe = listen(self.ring)

    def detach(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def ring(self, topic: str) -> None:
        for event in self._waiting.get(topic, ()) if topic != EVERYTHING else chain(*self._waiting.values()):
            event.set()
        for watcher in self._watchers:
            watcher.heard(topic)

    def watch(self, who: str, *, most: int, most_each: int) -> Watcher | None:
        """Hears of every change from now on, until `leave_watch`; None where as many watch already, or as many for
        this one."""
        if len(self._watchers) >= most or sum(one.who == who for one in self._watchers) >= most_each:
            return None
        watcher = Watcher(who)
        self._watchers.add(watcher)
        return watcher

    def leave_watch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    def end_watches(self) -> None:
        """Whoever watches is told that it is over."""
        for watcher in self._watchers:
            watcher.end()

    def wait_for(self, topic: str) -> asyncio.Event:
        event = asyncio.Event()
        self._waiting.setdefault(topic, set()).add(event)
        return event

    def leave(self, topic: str, event: asyncio.Event) -> None:
        events = self._waiting.get(topic)
        if events is not None:
            events.discard(event)
            if not events:
                del self._waiting[topic]
