"""PHI maps kept in step with the servers they describe: bound when accepted, followed when tables are made again."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection as StoreConnection
from sqlalchemy import select

from lockgate.action import JSON
from lockgate.audit.event import Event
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.connection import Connection
from lockgate.gateways.postgres.lineage import ServerError
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.services.catalog import Catalog, CatalogHolder, follow, parse_catalog, places_of
from lockgate.store import Store, outbox
from lockgate.store.tables.log import events

ITSELF = "lockgate"
DIFFERS = "catalog.differs"
MOST_TABLES = 200
DAY_US = 24 * 3600 * 1_000_000
LOOK_S = 3600.0
"""How often it is looked whether a day has passed: the message is repeated until people have looked."""


@dataclass(slots=True)
class PhiMaps:
    """`differing` names, for each connection, the tables that people must look at again, each with its columns that are
    not those they saw: these are PHI."""

    catalog: CatalogHolder
    connections: Mapping[str, Connection]
    store: Store
    webhooks: tuple[str, ...] = ()
    differing: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _scheduled: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, connection: str, text: str, *, by: str) -> Catalog:
        """Put a reviewed map in force for the tables as they are now. The server must be there: a map that goes by
        names alone would call a column what another of that name was called."""
        wanted = parse_catalog(text)
        async with self.connections[connection].resolver.pool.lend(SEARCH_PATH) as side:
            places = await places_of(side, wanted.tables)
        self.differing.pop(connection, None)
        return await self.catalog.accept(connection, text, by=by, places=places)

    def watch(self) -> None:
        """From now on, whenever a server's schema has changed."""
        for name, connection in self.connections.items():
            connection.on_change.append(partial(self._begin, name))
        self._keep(self._each_hour())

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _begin(self, name: str) -> None:
        if name not in self._scheduled:
            self._scheduled.add(name)
            self._keep(self.look_again(name))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _each_hour(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for name, differing in self.differing.items():
                if differing:
                    self._begin(name)

    async def look_again(self, name: str) -> None:
        """Are the tables still those that people saw? Keep the classes of those that may, and tell of the others."""
        self._scheduled.discard(name)  # a change from here on is looked at again
        # What cannot be done now is done at the next change or start; until then what moved counts as PHI.
        with contextlib.suppress(LockgateError, ServerError, OSError):
            current = self.catalog.current(name)
            async with self.connections[name].resolver.pool.lend(SEARCH_PATH) as side:
                after, differing = await follow(side, current)
            self.differing[name] = differing
            if after is not current:
                await self.catalog.put(name, after, by=ITSELF, instead_of=current)
            await self._tell(name, differing)

    async def _tell(self, name: str, differing: Mapping[str, list[str]]) -> None:
        """One event and one message a day for the same tables, whichever process looked."""
        if not differing:
            return
        body: dict[str, JSON] = {"connection": name, "tables": sorted(differing)[:MOST_TABLES]}
        message: dict[str, JSON] = {
            "type": DIFFERS,
            "connection": name,
            "tables": {table: [*differing[table]] for table in sorted(differing)[:MOST_TABLES]},
            "accept": f"lockgate catalog review {name}",
        }

        def unit(conn: StoreConnection) -> tuple[None, list[Event]]:
            now_at = self.store.clock()
            if _told(conn, body, now_at - DAY_US):
                return None, []
            for destination in self.webhooks:
                outbox.put(conn, "webhook", destination, message, now_at=now_at)
            return None, [Event(DIFFERS, body)]

        await self.store.transact(unit)


def _told(conn: StoreConnection, body: Mapping[str, JSON], since_at: int) -> bool:
    """Whether these tables were told of since then; nothing is lost if other columns of them differ meanwhile."""
    recent = select(events.c.leaf).where(events.c.type == DIFFERS, events.c.time_at > since_at)
    return any(json.loads(bytes(row.leaf))["body"] == body for row in conn.execute(recent))
