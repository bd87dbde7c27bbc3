"""PostgreSQL as the store: the same units, each in a serializable transaction, retried where another one won.

Other processes hear of a commit by NOTIFY, sent inside of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.store.exclusive import SESSION_LOCK
from lockgate.store.tables import log
from lockgate.store.tables.approvals import commitment_salts

CHANNEL = "lockgate"
RETRIES = 20
LONGEST_PAUSE_S = 0.25
SERIALIZATION_FAILURES = frozenset({"40001", "40P01"})

Stamp = Callable[[Sequence[Event]], list[dict[str, Any]]]


class PostgresEngine:
    """A pool of connections and one that listens. `heard` gets the topics of other processes' commits."""

    def __init__(self, url: str, stamp: Stamp, heard: Callable[[str], None], *, alone: bool = False) -> None:
        self.url = url
        self._alone = alone
        self.engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1), isolation_level="SERIALIZABLE", pool_size=8
        )
        self._stamp = stamp
        self._heard = heard
        self._listener: asyncpg.Connection | None = None

    async def start(self) -> None:
        try:
            self._listener = await asyncpg.connect(self.url)
            await self._listener.add_listener(CHANNEL, self._on_notify)
            shared = "SELECT pg_try_advisory_lock_shared($1)"
            if not self._alone and not await self._listener.fetchval(shared, SESSION_LOCK):
                await self._listener.close()
                raise StoreError("the store is being restored or upgraded", hint="wait until that is done")
        except (OSError, asyncpg.PostgresError) as error:
            raise StoreError("the store cannot be reached") from error

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        for topic in payload.split(","):
            self._heard(topic)

    async def commit(self, unit: Callable[[Connection], tuple[Any, Sequence[Event]]]) -> tuple[Any, list[str]]:
        for attempt in range(RETRIES):
            try:
                async with self.engine.connect() as conn:
                    done = await conn.run_sync(self._run, unit)
                    await conn.commit()
                    return done
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") in SERIALIZATION_FAILURES and attempt + 1 < RETRIES:
                    # A random part of it: who collided once does not collide again.
                    await asyncio.sleep(random.random() * min(LONGEST_PAUSE_S, 0.004 * 2**attempt))  # noqa: S311
                    continue
                raise StoreError(f"the store refused a write ({type(error).__name__})") from error
            except (OSError, SQLAlchemyError) as error:
                raise StoreError("the store cannot be reached") from error
        raise StoreError("the store is too busy: the same rows were changed again and again")

    def _run(
        self, conn: Connection, unit: Callable[[Connection], tuple[Any, Sequence[Event]]]
    ) -> tuple[Any, list[str]]:
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
        try:
            async with self.engine.connect() as conn:
                # One snapshot is enough for whoever only reads; serializable, it would make writers fail.
                await conn.execution_options(isolation_level="REPEATABLE READ")
                return await conn.run_sync(fn)
        except (OSError, SQLAlchemyError) as error:
            raise StoreError("the store cannot be read") from error

    async def close(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await self._listener.close()
        await self.engine.dispose()


def topic_of(event: Event) -> str:
    """What a listener waits for: the request an event is about, or a topic of its own."""
    topic = event.body.get("request") or event.body.get("topic")
    return topic if isinstance(topic, str) else ""
