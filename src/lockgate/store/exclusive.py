"""Who has a store open: everybody who serves shares it, whoever replaces or migrates it has it alone.

SQLite: a lock on a file beside the store; the system gives it back when its process ends. PostgreSQL: advisory locks of
a session.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg

from lockgate.errors import StoreError

SESSION_LOCK = 7155114
CONNECT_S = 5.0


@contextlib.contextmanager
def lock_file(store: Path, *, alone: bool) -> Iterator[None]:
    """Hold the store's lock, shared or alone. StoreError: somebody has it otherwise."""
    descriptor = os.open(store.with_name(store.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            raise _taken(alone) from error
        yield
    finally:
        os.close(descriptor)


@contextlib.asynccontextmanager
async def alone(url: str) -> AsyncIterator[None]:
    """Nobody else has the store open while this lasts. StoreError: somebody does."""
    if url.startswith("sqlite:///"):
        with lock_file(Path(url.removeprefix("sqlite:///")), alone=True):
            yield
        return
    try:
        conn = await asyncpg.connect(url, timeout=CONNECT_S)
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreError("the store cannot be reached") from error
    try:
        if not await conn.fetchval("SELECT pg_try_advisory_lock($1)", SESSION_LOCK):
            raise _taken(True)
        yield
    finally:
        await conn.close()


def _taken(wanted_alone: bool) -> StoreError:
    if wanted_alone:
        return StoreError("a server has this store open", hint="stop every lockgate serve that uses it")
    return StoreError("the store is being restored or upgraded", hint="wait until that is done")
