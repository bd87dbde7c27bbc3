"""PostgreSQL as the store: the same units, each in a serializable transaction, retried where another one won.

Other processes hear of a commit by NOTIFY, sent inside of it. Every wait has an end: a store that is slow, locked or
away is an error after seconds, never a hang.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.store.exclusive import CONNECT_S
from lockgate.store.group import sees_committed
from lockgate.store.presence import CHANNEL, UNREACHABLE, WHEN_BACK, Presence
from lockgate.store.tables import log
from lockgate.store.tables.approvals import commitment_salts

T = TypeVar("T")
RETRIES = 20
LONGEST_PAUSE_S = 0.25
SERIALIZATION_FAILURES = frozenset({"40001", "40P01"})
BUSY = frozenset({"55P03", "57014"})
"""A lock that did not come in time, a statement that took too long."""
LOCK_MS = 5_000
STATEMENT_MS = 15_000
TRANSACTION_S = 30.0

Stamp = Callable[[Sequence[Event]], list[dict[str, Any]]]
Unit: TypeAlias = "Callable[[Connection], tuple[Any, Sequence[Event]]]"


def open_pool(url: str, *, unbounded: bool = False) -> AsyncEngine:
    """The connections that units run on; `unbounded` for whoever has the store alone and all the time."""
    settings = {
        "lock_timeout": str(LOCK_MS),
        "statement_timeout": "0" if unbounded else str(STATEMENT_MS),
        "idle_in_transaction_session_timeout": str(2 * STATEMENT_MS),
    }
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        isolation_level="SERIALIZABLE",
        pool_size=8,
        pool_timeout=LOCK_MS / 1000,
        connect_args={"timeout": CONNECT_S, "server_settings": settings},
    )


class PostgresEngine:
    """A pool of connections, and the session that is there (`presence`)."""

    def __init__(self, url: str, stamp: Stamp, presence: Presence, *, alone: bool = False) -> None:
        self.presence = presence
        self.engine = open_pool(url, unbounded=alone)
        self._longest_s = None if alone else TRANSACTION_S
        self._stamp = stamp

    async def commit(self, unit: Unit) -> tuple[Any, list[str]]:
        """What the unit returned and the ids of its events, durable. StoreError: nothing of it happened; or, where the
        store went away in the middle of a COMMIT, it may have, and nobody acts on it."""
        await self.presence.here()
        done: tuple[Any, list[str]] | None = None

        async def attempt() -> tuple[Any, list[str]]:
            nonlocal done
            done = None
            async with self.engine.connect() as conn:
                ran = await conn.run_sync(self._run, unit)
                done = ran
                await conn.commit()
                return ran

        def again(error: DBAPIError) -> bool:
            # A pooled connection that died with the store's last restart is found out by its use.
            lost = error.connection_invalidated and done is None
            return lost or getattr(error.orig, "sqlstate", "") in SERIALIZATION_FAILURES

        try:
            async with asyncio.timeout(self._longest_s):
                return await _until_it_wins(attempt, again)
        except (OSError, SQLAlchemyError) as error:
            # The answer to a COMMIT was lost, not necessarily the COMMIT.
            if done is not None and await self._kept(done[1]):
                return done
            raise _as_store_error(error) from error

    async def _kept(self, ids: Sequence[str]) -> bool:
        """Whether a transaction that wrote these events was committed; False where nobody can tell."""
        if not ids:
            return False
        try:
            await self.presence.here()
            found = await self.read(
                lambda conn: conn.execute(select(log.events.c.id).where(log.events.c.id == ids[0])).scalar()
            )
        except StoreError:
            return False
        return found is not None

    def _run(self, conn: Connection, unit: Unit) -> tuple[Any, list[str]]:
        with sees_committed(conn):
            result, events = unit(conn)
        rows = self._stamp(events)
        if rows:
            conn.execute(insert(log.events), rows)
        salts = [event.salt for event in events if event.salt is not None]
        if salts:
            conn.execute(insert(commitment_salts), [{"commitment": c, "salt": salt} for c, salt in salts])
        topics = sorted({topic for event in events if (topic := topic_of(event))})
        if topics:
            conn.exec_driver_sql("SELECT pg_notify($1, $2)", (CHANNEL, ",".join(topics)[:7900]))
        return result, [str(row["id"]) for row in rows]

    async def read(self, fn: Callable[[Connection], Any]) -> Any:
        """What the function reads, in one snapshot. StoreError: it cannot be read within the time that is given."""

        def look(conn: Connection) -> Any:
            with sees_committed(conn):
                return fn(conn)

        async def attempt() -> Any:
            async with self.engine.connect() as conn:
                # One snapshot is enough for whoever only reads; serializable, it would make writers fail.
                await conn.execution_options(isolation_level="REPEATABLE READ")
                return await conn.run_sync(look)

        try:
            async with asyncio.timeout(self._longest_s):
                return await _until_it_wins(attempt, lambda error: error.connection_invalidated)
        except (OSError, SQLAlchemyError) as error:
            raise StoreError("the store cannot be read", hint=WHEN_BACK) from error

    async def close(self) -> None:
        await self.presence.close()
        await self.engine.dispose()


async def _until_it_wins(attempt: Callable[[], Awaitable[T]], again: Callable[[DBAPIError], bool]) -> T:
    for number in range(RETRIES):
        try:
            return await attempt()
        except DBAPIError as error:
            if not again(error):
                raise
            # A random part of it: who collided once does not collide again.
            await asyncio.sleep(random.random() * min(LONGEST_PAUSE_S, 0.004 * 2**number))  # noqa: S311
    raise StoreError("the store is too busy: the same rows were changed again and again", hint="try again")


def _as_store_error(error: BaseException) -> StoreError:
    state = getattr(getattr(error, "orig", None), "sqlstate", "")
    if state in BUSY:
        return StoreError("the store is locked or slow", hint="try again; lockgate doctor looks at the store")
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        return StoreError(f"the store refused a write ({type(error).__name__})", hint=WHEN_BACK)
    return StoreError(UNREACHABLE, hint=WHEN_BACK)


def topic_of(event: Event) -> str:
    """What a listener waits for: the request an event is about, or a topic of its own."""
    topic = event.body.get("request") or event.body.get("topic")
    return topic if isinstance(topic, str) else ""
