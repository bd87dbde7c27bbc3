"""Masked reads recorded by shape: one durable intent before the first run in a session, then only counts.

A hundred thousand look-alike reads a minute would drown the log and the disk. What must not be lost is that a shape
was run at all, so that is durable first; a crash loses at most the last second of counts (audit.md). What is counted
is counted where the answers pass, also on the compiled path; what is not is not in the event (decision 25).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from lockgate.action import JSON
from lockgate.audit.event import Event
from lockgate.errors import LockgateError
from lockgate.store import Store

FLUSH_S = 1.0


@dataclass(slots=True)
class Shape:
    """One kind of read in one session: plain counters, so that counting a run costs a few additions."""

    execution: str
    runs: int = 0
    """Sent to be executed."""
    completed: int = 0
    """Executed to their end, as the server says; the others failed, or were cut off."""
    rows: int = 0
    bytes: int = 0
    """Of the rows, in the server's own messages."""
    first_at: int = 0
    last_at: int = 0
    """When the last of it was seen to have been counted: at most FLUSH_S after it was."""
    ended: bool = False
    event: str = ""
    """The id of its intent."""
    closing: bool = field(default=False, repr=False)
    """Whether its outcome is on its way to the store."""
    reported: tuple[int, ...] = field(default=(0, 0, 0, 0), repr=False)
    seen: tuple[int, ...] = field(default=(0, 0, 0, 0), repr=False)

    @property
    def counted(self) -> tuple[int, ...]:
        return self.runs, self.completed, self.rows, self.bytes


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
        now_at = self._store.clock()
        shape = Shape(execution, first_at=now_at, last_at=now_at)
        who: dict[str, JSON] = {"execution": execution, "instance": self._store.instance}
        body: dict[str, JSON] = {**who, "mode": "shape", "request": None, **facts}

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            return None, [Event("intent", body)]

        (shape.event,) = (await self._store.commit(unit)).event_ids
        self._open[execution] = shape
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._flush_each_second())
        return shape

    async def close(self, shapes: Iterable[Shape]) -> None:
        """The session ended: an outcome for each shape, with all its counts; at once, or when the store takes it."""
        ended = list(shapes)
        for shape in ended:
            shape.ended = True
        with contextlib.suppress(LockgateError):
            await self._report(ended)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.close(self._open.values())

    async def _flush_each_second(self) -> None:
        while self._open:
            await asyncio.sleep(FLUSH_S)
            with contextlib.suppress(LockgateError):
                await self._report(list(self._open.values()))

    async def _report(self, shapes: Iterable[Shape]) -> None:
        """Write down what has grown, and what has ended; that is forgotten only once it is kept."""
        now_at = self._store.clock()
        told: list[tuple[Shape, tuple[int, ...]]] = []
        events: list[Event] = []
        for shape in shapes:
            if shape.execution not in self._open or shape.closing:
                continue
            counted = shape.counted
            if counted != shape.seen:
                shape.seen, shape.last_at = counted, now_at
            if shape.ended:
                shape.closing = True
                events.append(Event("outcome", outcome_of(shape)))
            elif counted != shape.reported:
                events.append(Event("shape.counted", _counts(shape)))
            else:
                continue
            told.append((shape, counted))
        if not events:
            return

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            return None, events

        try:
            await self._store.transact(unit)
        except BaseException:
            for shape, _ in told:
                shape.closing = False
            raise
        for shape, counted in told:
            shape.reported = counted
            if shape.closing:
                self._open.pop(shape.execution, None)


def outcome_of(shape: Shape) -> dict[str, JSON]:
    """FAILED where not one run of it completed; `failed` says how many did not."""
    status = "FAILED" if shape.runs and not shape.completed else "SUCCEEDED"
    return {"status": status, "code": "", **_counts(shape), "failed": shape.runs - shape.completed}


def _counts(shape: Shape) -> dict[str, JSON]:
    return {
        "execution": shape.execution,
        "runs": shape.runs,
        "completed": shape.completed,
        "rows": shape.rows,
        "bytes": shape.bytes,
        "first_at": shape.first_at,
        "last_at": shape.last_at,
    }
