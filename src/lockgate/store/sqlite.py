"""SQLite: one writer thread drains a queue and commits in groups, so that one fsync serves everybody who waits.

BEGIN IMMEDIATE, each unit in a savepoint of its own (from its first statement on: one that only writes events needs
none), all events by one executemany, COMMIT, then one call into the event loop for the whole group. WAL with
synchronous=FULL: what has been answered is on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.store.group import begin_group, end_group, sees_committed

BUSY_MS = 5000
LARGEST_GROUP = 512
CHECKPOINT_PAGES = 8192
"""Pages of WAL (32 MB) before they go into the file: with SQLite's 1000, full groups stop for that every few commits.
Each commit is in the WAL, synced, either way."""

Stamp = Callable[[Sequence[Event]], list[dict[str, Any]]]
INSERT_EVENTS = (
    "INSERT INTO events (id, time_at, type, request, leaf, mac) VALUES (:id, :time_at, :type, :request, :leaf, :mac)"
)
INSERT_SALTS = "INSERT INTO commitment_salts (commitment, salt) VALUES (?, ?)"


@dataclass(slots=True)
class Job:
    unit: Callable[[Connection], tuple[Any, Sequence[Event]]]
    future: asyncio.Future[tuple[Any, list[str]]]


Outcome: TypeAlias = "tuple[Job, Any, list[str], BaseException | None]"
"""A job, what its unit returned, the ids of its events, or why nothing of it happened."""


class SqliteEngine:
    """The writer thread and a reader connection a thread. `stamp` makes the rows of a unit's events."""

    def __init__(self, url: str, stamp: Stamp) -> None:
        self.engine = open_file(url)
        self._stamp = stamp
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._next: Job | None = None
        self._path = self.engine.url.database or ""
        self._place: tuple[int, int] | None = None
        self._saved = False
        """Whether the unit that runs has its savepoint."""
        self._thread = threading.Thread(target=self._drain, name="lockgate-store", daemon=True)
        self._thread.start()

    async def commit(self, unit: Callable[[Connection], tuple[Any, Sequence[Event]]]) -> tuple[Any, list[str]]:
        future: asyncio.Future[tuple[Any, list[str]]] = self._loop.create_future()
        self._jobs.put(Job(unit, future))
        return await future

    async def read(self, fn: Callable[[Connection], Any]) -> Any:
        def run() -> Any:
            with self.engine.connect() as conn:
                driver = cast(sqlite3.Connection, conn.connection.driver_connection)
                driver.execute("PRAGMA query_only = ON")
                try:
                    # One snapshot for all that is asked: between two statements of their own another may commit.
                    driver.execute("BEGIN")
                    with sees_committed(conn):
                        return fn(conn)
                finally:
                    if driver.in_transaction:
                        driver.execute("ROLLBACK")
                    driver.execute("PRAGMA query_only = OFF")

        try:
            return await asyncio.to_thread(run)
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise StoreError("the store cannot be read") from error

    async def close(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self.engine.dispose()

    def _drain(self) -> None:
        """The writer's life. Whatever a file system does to it, the next job finds a writer that answers."""
        self._next = self._jobs.get()
        while (job := self._next) is not None:
            try:
                with self.engine.connect() as conn:
                    event.listen(conn, "before_cursor_execute", self._save)
                    self._write(conn)
            except BaseException as error:
                self._answer([(job, None, [], _as_store_error(error))])
                if self._next is job:
                    self._next = self._jobs.get()

    def _write(self, conn: Connection) -> None:
        """Group after group, until the engine is closed or a connection has to be made anew."""
        usable = True
        while usable and self._next is not None:
            group = [self._next]
            while len(group) < LARGEST_GROUP:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    self._jobs.put(None)
                    break
                group.append(job)
            usable = self._group(conn, group)
            self._next = self._jobs.get()
        if not usable:
            conn.invalidate()

    def _group(self, conn: Connection, group: list[Job]) -> bool:
        """Whether the connection may be used again."""
        usable = True
        outcomes: list[Outcome] = []
        rows: list[dict[str, Any]] = []
        salts: list[tuple[str, bytes]] = []
        driver: sqlite3.Connection | None = None
        try:
            driver = cast(sqlite3.Connection, conn.connection.driver_connection)
            self._check_place()
            driver.execute("BEGIN IMMEDIATE")
            begin_group(conn)
            for job in group:
                self._saved = False
                try:
                    result, events = job.unit(conn)
                    stamped = self._stamp(events)
                    if self._saved:
                        driver.execute("RELEASE unit")
                    outcomes.append((job, result, [row["id"] for row in stamped], None))
                    rows += stamped
                    salts += [event.salt for event in events if event.salt is not None]
                except BaseException as error:
                    if self._saved:
                        driver.execute("ROLLBACK TO unit")
                        driver.execute("RELEASE unit")
                        begin_group(conn)
                    outcomes.append((job, None, [], _as_store_error(error)))
            if rows:
                driver.executemany(INSERT_EVENTS, rows)
            if salts:
                driver.executemany(INSERT_SALTS, salts)
            end_group(conn)
            driver.execute("COMMIT")
        except BaseException as error:
            # The disk is full or the file is locked: nothing of the group happened, and everybody is told.
            failure = _as_store_error(error)
            outcomes = [(job, None, [], failure) for job in group]
            try:
                if driver is not None:
                    end_group(conn)
                    if driver.in_transaction:
                        driver.execute("ROLLBACK")
                usable = driver is not None
            except (sqlite3.Error, SQLAlchemyError):
                usable = False
        self._answer(outcomes)
        return usable

    def _save(self, conn: Connection, *_: object) -> None:
        """Before a unit's first statement, so that it can be undone alone."""
        if not self._saved:
            cast(sqlite3.Connection, conn.connection.driver_connection).execute("SAVEPOINT unit")
            self._saved = True

    def _check_place(self) -> None:
        """SQLite goes on writing to a file that was deleted, where nobody would find the log."""
        if not self._path:
            return
        try:
            found = os.stat(self._path)
        except OSError as error:
            raise StoreError("the store's file is gone", hint="restore it, then start Lockgate again") from error
        place = (found.st_dev, found.st_ino)
        if self._place and place != self._place:
            raise StoreError("the store's file was replaced while it was open", hint="start Lockgate again")
        self._place = place

    def _answer(self, outcomes: list[Outcome]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(_tell, outcomes)


def _as_store_error(error: BaseException) -> BaseException:
    if isinstance(error, sqlite3.Error | SQLAlchemyError):
        failure = StoreError(f"the store refused a write ({type(error).__name__})", hint="is the disk full or locked?")
        failure.__cause__ = error
        return failure
    return error


def _tell(outcomes: list[Outcome]) -> None:
    for job, result, ids, error in outcomes:
        if job.future.done():
            continue
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result((result, ids))


def open_file(url: str, busy_ms: int = BUSY_MS) -> Engine:
    """Connections to an SQLite file: they begin no transaction by themselves, and what has committed is durable."""
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": busy_ms / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        # The driver must not begin transactions by itself: the writer does, with IMMEDIATE.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {busy_ms}")

    return engine
