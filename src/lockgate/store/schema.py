"""The store's schema: made where there is none, brought up to date by Alembic, refused where it is newer than we."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from lockgate.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"


async def prepare(url: str) -> None:
    """Migrate the store at `url` to this version. StoreError: unreachable, or from a newer Lockgate."""
    try:
        if url.startswith("sqlite"):
            await asyncio.to_thread(_upgrade_sqlite, url)
        else:
            engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
            try:
                async with engine.begin() as conn:
                    await conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7155112)")
                    await conn.run_sync(_upgrade)
            finally:
                await engine.dispose()
    except CommandError as error:
        raise StoreError("the store was made by a newer Lockgate", hint="upgrade this one") from error
    except (OSError, SQLAlchemyError) as error:
        raise StoreError(f"the store cannot be opened ({type(error).__name__})", hint="look at `store:`") from error


def _upgrade_sqlite(url: str) -> None:
    engine = create_engine(url)
    with contextlib.closing(engine.connect()) as conn, conn.begin():
        _upgrade(conn)
    engine.dispose()


def _upgrade(conn: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
