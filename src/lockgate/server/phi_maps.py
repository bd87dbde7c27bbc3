"""PHI maps kept in step with the servers they describe: bound when accepted, followed when tables are made again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from lockgate.audit.event import Event
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.connection import Connection
from lockgate.gateways.postgres.lineage import ServerError
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.services.catalog import Catalog, CatalogHolder, follow, parse_catalog, places_of
from lockgate.store import Store

ITSELF = "lockgate"
DAY_US = 24 * 3600 * 1_000_000


@dataclass(slots=True)
class PhiMaps:
    """`differing` names, for each connection, the tables that people must look at again: there every column is PHI."""

    catalog: CatalogHolder
    connections: Mapping[str, Connection]
    store: Store
    differing: dict[str, list[str]] = field(default_factory=dict)
    _told_at: dict[str, tuple[list[str], int]] = field(default_factory=dict)
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

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _begin(self, name: str) -> None:
        if name not in self._scheduled:
            self._scheduled.add(name)
            task = asyncio.get_running_loop().create_task(self._follow(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _follow(self, name: str) -> None:
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

    async def _tell(self, name: str, differing: list[str]) -> None:
        """One event a day for the same tables."""
        told, at = self._told_at.get(name, ([], 0))
        now_at = self.store.clock()
        if not differing or (told == differing and now_at - at < DAY_US):
            return
        self._told_at[name] = (differing, now_at)
        event = Event("catalog.differs", {"connection": name, "tables": [*differing[:200]]})
        await self.store.transact(lambda _: (None, [event]))
