"""Read a store that is not ours to change: no migration, no writer, no key; for `doctor`, exports and copies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from lockgate.errors import StoreError
from lockgate.store.exclusive import CONNECT_S

T = TypeVar("T")
SQLITE = "sqlite:///"


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite store, None for any other."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


async def read_store(url: str, fn: Callable[[Connection], T]) -> T:
    """What `fn` reads, in one snapshot, of an SQLite file or a PostgreSQL database. StoreError: it cannot be read."""
    try:
        path = sqlite_path(url)
        if path is not None:
            return await asyncio.to_thread(read_file, path, fn)
        engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="REPEATABLE READ",
            connect_args={"timeout": CONNECT_S},
        )
        try:
            async with engine.connect() as conn:
                await conn.exec_driver_sql("SET TRANSACTION READ ONLY")
                return await conn.run_sync(fn)
        finally:
            await engine.dispose()
    except (OSError, SQLAlchemyError) as error:
        raise StoreError(f"the store cannot be read ({type(error).__name__})", hint="was it copied whole?") from error


def read_file(path: Path, fn: Callable[[Connection], T]) -> T:
    """`read_store` for a file, without a loop. StoreError: there is none."""
    if not path.is_file():
        raise StoreError(f"no store at {path.name}", hint="give the store's file, e.g. state/lockgate.db")
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with contextlib.closing(engine.connect()) as conn:
        try:
            conn.exec_driver_sql("PRAGMA query_only = ON")
            conn.exec_driver_sql("BEGIN")  # or each query would see a later moment than the one before
            return fn(conn)
        finally:
            conn.close()
            engine.dispose()
