"""Waking those who hold a connection open: one subscription to the store, an event a waiting request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import chain

from lockgate.store import EVERYTHING


class Bell:
    """Rings for a request when the store says that something about it was committed, here or in another
    process.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._unsubscribe: Callable[[], None] | None = None

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
