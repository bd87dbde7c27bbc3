"""Transactions over the vault's database, for callers that are ordinary threads: who de-identifies runs no loop.

Whoever writes is alone (BEGIN IMMEDIATE; an advisory lock), so that what it has looked up still holds when it inserts.
Whoever reads waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from lockgate.errors import StoreError, VaultError
from lockgate.store.postgresql import BUSY, open_pool
from lockgate.store.reading import sqlite_path
from lockgate.store.sqlite import open_file

T = TypeVar("T")
BUSY_MS = 30_000
WRITERS_LOCK = 7155115
TRIES = 6
UNREACHABLE = "the vault cannot be reached"


class Engine(Protocol):
    """Both run `unit` in one transaction. StoreError: nothing of it happened."""

    def read(self, unit: Callable[[Connection], T]) -> T: ...

    def write(self, unit: Callable[[Connection], T]) -> T: ...

    def close(self) -> None: ...


class SqliteFile:
    """A file; any number of threads and processes."""

    def __init__(self, url: str) -> None:
        self._engine = open_file(url, BUSY_MS)
        self._process = os.getpid()

    def read(self, unit: Callable[[Connection], T]) -> T:
        return self._run("BEGIN", unit)

    def write(self, unit: Callable[[Connection], T]) -> T:
        return self._run("BEGIN IMMEDIATE", unit)

    def wipe(self) -> None:
        """What was deleted is overwritten in the file, and the journal that still holds it is emptied."""
        with _told(), self._engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._engine.dispose()

    def _run(self, begin: str, unit: Callable[[Connection], T]) -> T:
        _must_be_in(self._process)
        with _told(), self._engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA secure_delete = ON")
            conn.exec_driver_sql(begin)
            try:
                result = unit(conn)
                conn.exec_driver_sql("COMMIT")
            except BaseException:
                driver: Any = conn.connection.driver_connection
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                raise
            return result


class PostgresDatabase:
    """A pool of connections, driven by a loop in a thread of its own. Open it after a fork, not before."""

    def __init__(self, url: str, *, unbounded: bool = False) -> None:
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lockgate-vault", daemon=True)
        self._thread.start()
        # Each statement sees what is committed by then: the lock, not the snapshot, keeps writers apart.
        self._engine = open_pool(url, unbounded=unbounded).execution_options(isolation_level="READ COMMITTED")

    def read(self, unit: Callable[[Connection], T]) -> T:
        return self._run(unit)

    def write(self, unit: Callable[[Connection], T]) -> T:
        def alone(conn: Connection) -> T:
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (WRITERS_LOCK,))
            return unit(conn)

        return self._run(alone)

    def close(self) -> None:
        self._wait(self._engine.dispose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, unit: Callable[[Connection], T]) -> T:
        _must_be_in(self._process)

        async def once() -> T:
            async with self._engine.begin() as conn:
                return await conn.run_sync(unit)

        with _told():
            for number in range(TRIES):
                try:
                    return self._wait(once())
                except DBAPIError as error:
                    busy = getattr(error.orig, "sqlstate", "") in BUSY
                    if number == TRIES - 1 or not (busy or error.connection_invalidated):
                        raise
                    time.sleep(0.05 * 2**number)
        raise StoreError(UNREACHABLE)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def engine_of(url: str, *, unbounded: bool = False) -> Engine:
    """`unbounded` for what takes as long as it takes: another key, erasure."""
    return SqliteFile(url) if sqlite_path(url) is not None else PostgresDatabase(url, unbounded=unbounded)


def new_file(path: Path) -> None:
    """An empty file that nobody else may read, from its first byte on; one that is there stays. StoreError: it cannot
    be made."""
    with _told(), contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _must_be_in(process: int) -> None:
    """A fork takes connections along but neither their locks nor the thread that drives them."""
    if os.getpid() != process:
        raise VaultError("the vault was opened before this process forked", hint="open it in each process")


class _told(contextlib.AbstractContextManager[None]):
    """Errors of the database as ours, without what was asked: its parameters are nobody's business."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SQLAlchemyError | sqlite3.Error | OSError):
            raise StoreError(f"{UNREACHABLE} ({type(error).__name__})", hint="look at `vault:` and its database") from (
                error
            )
