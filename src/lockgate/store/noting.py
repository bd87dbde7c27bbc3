"""Which events a piece of work has written: what whoever asked for it is answered with, and gets proofs by."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

_NOTED: ContextVar[tuple[asyncio.Task[object] | None, list[str]] | None] = ContextVar("events", default=None)


def note_into(found: list[str]) -> None:
    """From here on, the ids of the events that the current task commits are appended, in the order of the log. What it
    starts and does not wait for is another task, whose events are not its own."""
    _NOTED.set((asyncio.current_task(), found))


def noted(ids: Sequence[str]) -> None:
    """These have been committed."""
    noting = _NOTED.get()
    if noting is not None and noting[0] is asyncio.current_task():
        noting[1].extend(ids)
