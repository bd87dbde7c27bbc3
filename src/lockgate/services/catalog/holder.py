"""The catalogs in force, one a connection; each version is kept, each change is an event with its author."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, insert, select

from lockgate.action import JSON
from lockgate.audit.event import Event
from lockgate.errors import CatalogError, StoreError
from lockgate.services.catalog.model import EMPTY, Catalog, Place, parse_catalog, parse_stored
from lockgate.store import Store
from lockgate.store.event_mac import is_genuine
from lockgate.store.tables.catalog import catalog_versions as t
from lockgate.store.tables.log import events


@dataclass(slots=True)
class CatalogHolder:
    """`current` is read by every analysis; `accept` replaces it for everybody, in one step."""

    store: Store
    changed: list[Callable[[str], None]] = field(default_factory=list)
    _current: dict[str, Catalog] = field(default_factory=dict)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def current(self, connection: str) -> Catalog:
        return self._current.get(connection, EMPTY)

    @property
    def digest(self) -> str:
        """Over all connections; recorded with every decision."""
        joined = "\n".join(f"{name}:{catalog.digest}" for name, catalog in sorted(self._current.items()))
        return hashlib.sha256(joined.encode()).hexdigest()

    async def load(self) -> None:
        """Read the newest version of each connection's catalog. StoreError: it is not the one that the log says was
        accepted last, and what was in force stays."""

        def look(conn: Connection) -> tuple[dict[str, str], dict[str, str]]:
            newest = select(t.c.connection, func.max(t.c.version).label("version")).group_by(t.c.connection).subquery()
            rows = conn.execute(
                select(t.c.connection, t.c.body).join(
                    newest, (t.c.connection == newest.c.connection) & (t.c.version == newest.c.version)
                )
            )
            return {row.connection: row.body for row in rows}, _accepted(conn, self.store)

        bodies, accepted = await self.store.read(look)
        found = {name: parse_stored(body) for name, body in bodies.items()}
        for name in found.keys() | accepted.keys():
            if name not in found or found[name].digest != accepted.get(name):
                why = f"the PHI map of {name} is not the one that was accepted last"
                raise StoreError(why, hint="the store was changed behind Lockgate: put back a good backup")
        before, self._current = self._current, found
        for name in found:
            if found[name].digest != before.get(name, EMPTY).digest:
                for callback in self.changed:
                    callback(name)

    async def accept(
        self, connection: str, text: str, *, by: str, places: Mapping[str, Place] | None = None
    ) -> Catalog:
        """Put a reviewed catalog in force, for the tables that are in these places. CatalogError: it is wrong, and the
        old one stays."""
        new = parse_catalog(text)
        return await self.put(connection, new if places is None else new.bound(places), by=by)

    async def put(self, connection: str, new: Catalog, *, by: str, instead_of: Catalog | None = None) -> Catalog:
        """The same for a catalog that has been read already. `instead_of`: only if that one is still the newest;
        CatalogError if people have accepted another meanwhile."""
        before = self.current(connection)
        looser = before.loosened_to(new)

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            latest = conn.execute(select(func.max(t.c.version)).where(t.c.connection == connection)).scalar() or 0
            if instead_of is not None:
                newest = select(t.c.digest).where(t.c.connection == connection, t.c.version == latest)
                if conn.execute(newest).scalar() != instead_of.digest:
                    raise CatalogError("another PHI map was accepted meanwhile")
            conn.execute(
                insert(t).values(
                    connection=connection,
                    version=latest + 1,
                    body=new.stored(),
                    digest=new.digest,
                    changed_by=by,
                    changed_at=self.store.clock(),
                )
            )
            body: dict[str, JSON] = {
                "connection": connection,
                "version": latest + 1,
                "by": by,
                "before": before.digest,
                "after": new.digest,
                "loosened": bool(looser),
                "columns": sorted(looser)[:200],
                "topic": "catalog",
            }
            return None, [Event("catalog.changed", body)]

        # One at a time in this process, so that the newest in the store is the one in force here.
        async with self._changing:
            await self.store.transact(unit)
            self._current[connection] = new
        for callback in self.changed:
            callback(connection)
        return new


def _accepted(conn: Connection, store: Store) -> dict[str, str]:
    """Connection → the digest of the catalog that was accepted last, as the log's own events say."""
    newest: dict[str, tuple[int, str]] = {}
    query = select(events.c.id, events.c.leaf, events.c.mac).where(events.c.type == "catalog.changed")
    for row in conn.execute(query):
        leaf = json.loads(bytes(row.leaf))
        if not is_genuine(store.mac_key, bytes(row.leaf), bytes(row.mac)) or leaf["id"] != row.id:
            raise StoreError("an event about a PHI map was changed", hint="lockgate audit verify names it")
        body = leaf["body"]
        before = newest.get(body["connection"], (0, ""))
        newest[body["connection"]] = max(before, (int(body["version"]), str(body["after"])))
    return {name: digest for name, (_, digest) in newest.items()}
