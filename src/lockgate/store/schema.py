"""The store's schema: made where there is none, refused where older or newer than ours, migrated only when asked."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from lockgate.errors import StoreError
from lockgate.store.exclusive import CONNECT_S

MIGRATIONS = Path(__file__).parent / "migrations"
LONGEST_WAIT_MS = 60_000
"""For another process that is making or migrating the same store."""


async def prepare(url: str, *, migrate: bool = False) -> None:
    """Make an empty store, or see that it fits this version. StoreError: unreachable, newer, or (unless `migrate`)
    older."""
    try:
        if url.startswith("sqlite"):
            await asyncio.to_thread(_prepare_sqlite, url, migrate)
        else:
            engine = create_async_engine(
                url.replace("postgresql://", "postgresql+asyncpg://", 1), connect_args={"timeout": CONNECT_S}
            )
            try:
                async with engine.begin() as conn:
                    await conn.exec_driver_sql(f"SET LOCAL lock_timeout = {LONGEST_WAIT_MS}")
                    await conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7155112)")
                    await conn.run_sync(_prepare, migrate)
            finally:
                await engine.dispose()
    except CommandError as error:
        raise StoreError("the store was made by a newer Lockgate", hint="upgrade this one") from error
    except (OSError, SQLAlchemyError) as error:
        raise StoreError(f"the store cannot be opened ({type(error).__name__})", hint="look at `store:`") from error


def newest_revision() -> str:
    """The revision that this version works with."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def revision_of(conn: Connection) -> str:
    """The revision of an open store, empty where nothing was made yet."""
    return MigrationContext.configure(conn).get_current_revision() or ""


def _prepare_sqlite(url: str, migrate: bool) -> None:
    engine = create_engine(url)
    with contextlib.closing(engine.connect()) as conn, conn.begin():
        _prepare(conn, migrate)
    engine.dispose()


def _prepare(conn: Connection, migrate: bool) -> None:
    found, ours = revision_of(conn), newest_revision()
    if found == ours:
        return
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if not found and inspect(conn).has_table("events"):
        raise StoreError("the store does not say which version made it", hint="was it copied whole?")
    if found and found not in known:
        raise StoreError("the store was made by a newer Lockgate", hint="upgrade this one")
    if found and not migrate:
        raise StoreError(
            f"the store was made by an older Lockgate (schema {found}, this one needs {ours})",
            hint="stop the server, then: lockgate upgrade",
        )
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
