"""One configured upstream as the gateway keeps it: target, catalog, side connections, masks and the schema's epoch."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lockgate.action import Requester
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.lineage.side import ServerError
from lockgate.gateways.postgres.resolve.resolver import Resolver
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.settings.wishes import Hold
from lockgate.gateways.postgres.settling import settle_unknown
from lockgate.gateways.postgres.wire.target import Target
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.phi.operators import default_operator
from lockgate.services.approvals import Approvals

EPOCH_S = 1.0
SETTLE_S = 60.0

BEHIND = "the standby's schema is not that of the server which analyses for it"

EPOCH_QUERY = """
SELECT pg_catalog.md5(pg_catalog.concat_ws('/',
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(c.oid::text || c.xmin::text || c.relname::text, 0))
     FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r','v','m','p','f') AND c.relpersistence <> 't'),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(a.attrelid::text || a.attnum::text || a.xmin::text, 0))
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    WHERE a.attrelid >= 16384 AND c.relkind IN ('r','v','m','p','f') AND c.relpersistence <> 't'),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(r.oid::text || r.xmin::text, 0))
     FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(d.oid::text || d.xmin::text, 0))
     FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid WHERE c.relpersistence <> 't'),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(k.oid::text || k.xmin::text, 0))
     FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    WHERE k.oid >= 16384 AND c.relpersistence IS DISTINCT FROM 't'),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(t.oid::text || t.xmin::text, 0))
     FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(p.oid::text || p.xmin::text, 0)) FROM pg_catalog.pg_policy p),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(p.oid::text || p.xmin::text, 0))
     FROM pg_catalog.pg_proc p WHERE p.oid >= 16384),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(n.oid::text || n.xmin::text || n.nspname::text, 0))
     FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_'),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(m.roleid::text || m.member::text || m.xmin::text, 0))
     FROM pg_catalog.pg_auth_members m),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(t.oid::text || t.xmin::text, 0))
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid >= 16384 AND n.nspname !~ '^pg_'),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(o.oid::text || o.xmin::text, 0))
     FROM pg_catalog.pg_operator o WHERE o.oid >= 16384),
  (SELECT pg_catalog.sum(pg_catalog.hashtextextended(k.oid::text || k.xmin::text, 0))
     FROM pg_catalog.pg_cast k WHERE k.oid >= 16384)))
"""
"""OID and xmin of everything that gives a statement its meaning; a change drops what was analysed before. Schemas and
memberships are among it: a schema that is renamed, or that the role may no longer use, leaves each table as it was and
gives its name to another. Temporary objects are not: only their own session sees them."""


@dataclass(slots=True)
class Connection:
    """`operators` is the choice per PHI class where it differs from the default; `audit` is `shape` or `each`."""

    name: str
    target: Target
    resolver: Resolver
    secret: bytes = field(repr=False)
    operators: Mapping[str, str] = field(default_factory=dict)
    audit: str = "shape"
    hold: Hold = field(default_factory=Hold)
    standby: SidePool | None = None
    """Where statements run, if that is not where they are analysed: its schema must be the same."""
    held: int = 0
    """Sessions that wait for people now; each keeps an upstream connection."""
    on_change: list[Callable[[], None]] = field(default_factory=list)
    """Who is told that the schema has changed, or may have."""
    kept_bytes: int = 0
    """Of the rows that sessions keep while people are asked about them (`copied_rows`)."""
    _most_held: int = 10
    _epoch: str = ""
    _unknown: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.standby is not None:
            self.resolver.unusable = BEHIND  # until it has been seen that it is not
            self.look_again()

    def mask_key(self, requester: Requester) -> bytes:
        """16 bytes: tokens are the same within one connection and principal, and tell nothing across them."""
        return _mask_key(self.secret, f"mask/{self.name}/{requester.principal.id}".encode())

    def operators_for(self, classes: frozenset[str]) -> dict[str, str]:
        return {cls: self.operators.get(cls) or default_operator(cls) for cls in sorted(classes)}

    def look_again(self) -> None:
        """Something may have changed the schema: do not wait for the next second."""
        self._changed.set()

    def may_hold(self) -> bool:
        """Whether one more session may wait: those that wait must not use up the upstream's connections."""
        return self.held < self._most_held

    def settle_soon(self) -> None:
        """Something has become UNKNOWN: do not wait for the next minute."""
        self._unknown.set()

    def close(self) -> None:
        """Hang up the side connections; sessions close their own."""
        self.resolver.pool.close()
        if self.standby is not None:
            self.standby.close()

    async def watch_unknown(self, approvals: Approvals) -> None:
        """At start, each minute and when told: ask the server what became of executions that nobody saw end."""
        while True:
            self._unknown.clear()
            with contextlib.suppress(LockgateError, OSError):
                await settle_unknown(self.name, self.target, approvals)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_S):
                    await self._unknown.wait()
                await asyncio.sleep(1.0)  # the server may still be running it

    async def watch_schema(self) -> None:
        """Each second: has anything that gives statements their meaning changed?"""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EPOCH_S):
                    await self._changed.wait()
            self._changed.clear()
            await self.check_schema()

    async def check_schema(self) -> None:
        """Look now; when something changed since the last look, or may have, every analysis is forgotten and `on_change`
        is told."""
        try:
            async with self.resolver.pool.lend(SEARCH_PATH) as side:
                rows = await side.fetch(EPOCH_QUERY)
                limit = await side.fetch("SELECT pg_catalog.current_setting('max_connections')")
            epoch = str(rows[0][0])
            self._most_held = max(1, int(limit[0][0] or 0) // 2)
            behind = self.standby is not None and await _epoch_on(self.standby) != epoch
        except (LockgateError, ServerError, OSError):
            epoch, behind = "", self.standby is not None  # unknown: what was analysed before may not hold
        self.resolver.unusable = BEHIND if behind else ""
        before, self._epoch = self._epoch, epoch
        if epoch == before and epoch:
            return
        # The first look forgets too: what was analysed before it may rest on what has changed since.
        self.forget()

    def forget(self) -> None:
        """What was analysed may hold no longer."""
        self.resolver.forget()
        for tell in self.on_change:
            tell()


async def _epoch_on(pool: SidePool) -> str:
    async with pool.lend(SEARCH_PATH) as side:
        return str((await side.fetch(EPOCH_QUERY))[0][0])


@lru_cache(maxsize=1024)
def _mask_key(secret: bytes, label: bytes) -> bytes:
    """Kept, since it is asked for with every statement."""
    return hmac.digest(secret, label, "sha256")[:16]
