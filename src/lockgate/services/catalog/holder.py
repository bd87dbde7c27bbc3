"""The catalogs in force, one a connection; each version is kept, each change is an event with its author."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, insert, select

from lockgate.action import JSON
from lockgate.audit.event import Event
from lockgate.services.catalog.model import EMPTY, Catalog, parse_catalog
from lockgate.store import Store
from lockgate.store.tables.catalog import catalog_versions as t


@dataclass(slots=True)
class CatalogHolder:
    """`current` is read by every analysis; `accept` replaces it for everybody, in one step."""

    store: Store
    changed: list[Callable[[str], None]] = field(default_factory=list)
    _current: dict[str, Catalog] = field(default_factory=dict)

    def current(self, connection: str) -> Catalog:
        return self._current.get(connection, EMPTY)

    @property
    def digest(self) -> str:
        """Over all connections; recorded with every decision."""
        joined = "\n".join(f"{name}:{catalog.digest}" for name, catalog in sorted(self._current.items()))
        return hashlib.sha256(joined.encode()).hexdigest()

    async def load(self) -> None:
        """Read the newest version of each connection's catalog."""

        def look(conn: Connection) -> dict[str, str]:
            newest = select(t.c.connection, func.max(t.c.version).label("version")).group_by(t.c.connection).subquery()
            rows = conn.execute(
                select(t.c.connection, t.c.body).join(
                    newest, (t.c.connection == newest.c.connection) & (t.c.version == newest.c.version)
                )
            )
            return {row.connection: row.body for row in rows}

        self._current = {name: parse_catalog(body) for name, body in (await self.store.read(look)).items()}

    async def accept(self, connection: str, text: str, *, by: str) -> Catalog:
        """Put a reviewed catalog in force. CatalogError: it is wrong, and the old one stays."""
        new = parse_catalog(text)
        before = self.current(connection)
        looser = before.loosened_to(new)

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            latest = conn.execute(select(func.max(t.c.version)).where(t.c.connection == connection)).scalar() or 0
            conn.execute(
                insert(t).values(
                    connection=connection,
                    version=latest + 1,
                    body=new.to_yaml(),
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

        await self.store.transact(unit)
        self._current[connection] = new
        for callback in self.changed:
            callback(connection)
        return new
