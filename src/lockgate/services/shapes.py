"""Masked reads recorded by shape: one durable intent before the first run in a session, then only counts.

A hundred thousand look-alike reads a minute would drown the log and the disk. What must not be lost is that a shape
was run at all, so that is durable first; a crash loses at most the last second of counts (audit.md).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from lockgate.action import JSON
from lockgate.audit.event import Event
from lockgate.errors import LockgateError
from lockgate.store import Store

FLUSH_S = 1.0


@dataclass(slots=True)
class Shape:
    """One statement key in one session: plain counters, so that counting a run costs one addition."""

    execution: str
    runs: int = 0
    rows: int = 0
    bytes: int = 0
    failed: int = 0
    first_at: int = 0
    reported: int = field(default=0, repr=False)


class Shapes:
    """Opens shapes, reports their counts each second while they grow, and closes them with the session."""

    def __init__(self, store: Store, new_id: Callable[[str], str]) -> None:
        self._store = store
        self._new_id = new_id
        self._open: dict[str, Shape] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self, facts: Mapping[str, JSON]) -> Shape:
        """Write the intent; only then may the first run go upstream. Raises StoreError, and nothing runs."""
        execution = self._new_id("exe")
        shape = Shape(execution, first_at=self._store.clock())
        body: dict[str, JSON] = {"execution": execution, "mode": "shape", "request": None, **facts}

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            return None, [Event("intent", body)]

        await self._store.transact(unit)
        self._open[execution] = shape
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._flush_each_second())
        return shape

    async def close(self, shapes: list[Shape]) -> None:
        """The session ended: an outcome for each shape, with all its counts."""
        ended = [self._open.pop(s.execution) for s in shapes if s.execution in self._open]
        if not ended:
            return
        events = [Event("outcome", {"status": "SUCCEEDED", "code": "", **_counts(s)}) for s in ended]

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            return None, events

        await self._store.transact(unit)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.close(list(self._open.values()))

    async def _flush_each_second(self) -> None:
        while self._open:
            await asyncio.sleep(FLUSH_S)
            grown = [s for s in self._open.values() if s.runs != s.reported]
            if not grown:
                continue
            events = [Event("shape.counted", _counts(s)) for s in grown]
            marks = [(s, s.runs) for s in grown]

            def unit(conn: Connection, events: list[Event] = events) -> tuple[None, list[Event]]:
                return None, events

            with contextlib.suppress(LockgateError):
                await self._store.transact(unit)
                for shape, runs in marks:
                    shape.reported = runs


def _counts(shape: Shape) -> dict[str, JSON]:
    return {
        "execution": shape.execution,
        "runs": shape.runs,
        "rows": shape.rows,
        "bytes": shape.bytes,
        "failed": shape.failed,
    }
