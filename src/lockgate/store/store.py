"""The store's one door: `transact(unit)`, where a unit is an ordinary function that returns its result and its events.

The events are written in the same transaction as the change that they describe. No transaction stays open across an
`await`; whatever fails, fails whole.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Connection

from lockgate.audit.event import Event, leaf_bytes
from lockgate.store.event_mac import event_key, event_mac
from lockgate.store.exclusive import lock_file
from lockgate.store.living import (
    alive,
    living_files,
    living_sessions,
    mark_of,
    present_files,
    present_sessions,
    sweep_files,
)
from lockgate.store.noting import noted
from lockgate.store.postgresql import PostgresEngine, topic_of
from lockgate.store.presence import Presence
from lockgate.store.reading import sqlite_path
from lockgate.store.schema import prepare
from lockgate.store.seal import KeyRing
from lockgate.store.sealed import OlderSet
from lockgate.store.sqlite import SqliteEngine

T = TypeVar("T")
SNAPSHOTS = 3
Clock: TypeAlias = Callable[[], int]
EVERYTHING = "*"
"""The topic of whoever may have missed any other."""
DEAF = "!"
"""The topic of whoever hears no other until EVERYTHING is told."""
Unit: TypeAlias = "Callable[[Connection], tuple[T, Sequence[Event]]]"


def system_clock() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def new_id(prefix: str) -> str:
    """`prefix_` and 96 random bits."""
    return f"{prefix}_{secrets.token_hex(12)}"


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """A unit's result, and the ids of the events that were written with it."""

    result: T
    event_ids: tuple[str, ...]


class Store:
    """Open with `async with open_store(url, …)`. SQLite for one process, PostgreSQL for many."""

    def __init__(self, url: str, clock: Clock, keys: KeyRing, alone: bool = False) -> None:
        self.url = url
        self._alone = alone
        self._lock = contextlib.ExitStack()
        self.clock = clock
        self.dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
        self.keys = keys
        self.mac_key = event_key(keys)
        self.instance = new_id("ins")
        """This opening of the store: what it has begun is known by this (`living`)."""
        self._engine: SqliteEngine | PostgresEngine | None = None
        self._listeners: list[Callable[[str], None]] = []
        self.on_commit: list[Callable[[Sequence[Event]], None]] = []
        """Who is given the events of each unit of this process, once they are durable."""

    async def __aenter__(self) -> Store:
        path = sqlite_path(self.url)
        if path is not None and not self._alone and path.parent.is_dir():
            self._lock.enter_context(lock_file(path, alone=False))
        with contextlib.ExitStack() as undo:
            undo.callback(self._lock.close)
            await self._open()
            undo.pop_all()
        return self

    async def _open(self) -> None:
        await prepare(self.url)
        path = sqlite_path(self.url)
        if path is not None:
            sweep_files(path)
            self._lock.enter_context(alive(path, self.instance))
            self._engine = SqliteEngine(self.url, self._stamp)
        else:
            presence = Presence(
                self.url,
                lambda: new_id("ins"),
                heard=self._tell,
                missed=lambda: self._tell(EVERYTHING),
                deaf=lambda: self._tell(DEAF),
                alone=self._alone,
            )
            await presence.start()
            self.instance = presence.instance
            self._engine = PostgresEngine(self.url, self._stamp, presence, alone=self._alone)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            await self._engine.close()
        self._lock.close()

    async def transact(self, unit: Unit[T]) -> T:
        """Run the unit and write its events; durable when this returns. StoreError: nothing of it happened."""
        return (await self.commit(unit)).result

    async def commit(self, unit: Unit[T]) -> Committed[T]:
        """`transact`, with the ids of the events."""
        assert self._engine is not None
        kept: list[Event] = []

        def remembered(conn: Connection) -> tuple[T, Sequence[Event]]:
            result, events = unit(conn)
            kept[:] = events
            return result, events

        engine = self._engine
        result, ids = await _in_a_fresh_snapshot(lambda: engine.commit(remembered))
        noted(ids)
        for tell in self.on_commit:
            tell(kept)
        if self.dialect == "sqlite":
            for topic in {topic for event in kept if (topic := topic_of(event))}:
                self._tell(topic)
        return Committed(result, tuple(ids))

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run a function that only reads."""
        assert self._engine is not None
        engine = self._engine
        result: T = await _in_a_fresh_snapshot(lambda: engine.read(fn))
        return result

    def living(self, conn: Connection, instances: Iterable[str]) -> frozenset[str]:
        """Those of the instances that still have the store open; for use in a read or a unit."""
        path = sqlite_path(self.url)
        return living_files(path, instances) if path is not None else living_sessions(conn, instances)

    def present(self, conn: Connection) -> frozenset[str]:
        """The marks of all that have the store open, this process among them; for use in a read or a unit."""
        path = sqlite_path(self.url)
        return present_files(path) if path is not None else present_sessions(conn)

    def mark(self, instance: str) -> str:
        """What `present` calls an instance."""
        return instance if self.dialect == "sqlite" else mark_of(instance)

    def listen(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back, in the loop, with the topic of each committed event, or with EVERYTHING where some may not have
        been heard, and with DEAF when none is heard until then; returns how to stop that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def _tell(self, topic: str) -> None:
        for listener in list(self._listeners):
            listener(topic)

    def _stamp(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        """The rows of a unit's events: id, time, canonical bytes and their MAC."""
        now_at = self.clock()
        rows = []
        for event in events:
            event_id = new_id("evt")
            leaf = leaf_bytes(event, id=event_id, time_at=now_at)
            request = event.body.get("request")
            rows.append(
                {
                    "id": event_id,
                    "time_at": now_at,
                    "type": event.type,
                    "request": request if isinstance(request, str) else "",
                    "leaf": leaf,
                    "mac": event_mac(self.mac_key, leaf),
                }
            )
        return rows


async def _in_a_fresh_snapshot(attempt: Callable[[], Awaitable[T]]) -> T:
    """Again where what was seen is older than what somebody else here has seen meanwhile."""
    for _ in range(SNAPSHOTS):
        with contextlib.suppress(OlderSet):
            return await attempt()
    return await attempt()


def open_store(url: str, *, clock: Clock = system_clock, keys: KeyRing, alone: bool = False) -> Store:
    """`sqlite:///path` or `postgresql://…`; an empty store is created, an older or newer one refused.

    `alone` is for whoever holds the store's lock (`exclusive.alone`) already.
    """
    return Store(url, clock, keys, alone)
