"""Keeping time: what the clocks decided is written down, and payloads and salts that have expired are destroyed."""

from __future__ import annotations

import asyncio
import contextlib

from sqlalchemy import Connection, delete, select

from lockgate.approvals import Status
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals import erasing, executing, glass, logged, unseen
from lockgate.services.approvals.desk import settled
from lockgate.services.approvals.entries import load_where
from lockgate.services.approvals.nouns import Refusal, Voter
from lockgate.services.approvals.service.base import Part
from lockgate.store.tables import approvals as t

NEEDS_PAYLOAD = (Status.PENDING.value, Status.APPROVED.value, Status.EXECUTING.value, Status.UNKNOWN.value)
OPEN_KINDS = (Status.PENDING.value, Status.APPROVED.value, Status.REVIEW_DUE.value)


class Keeping(Part):
    """For the process that serves."""

    async def sweep(self) -> None:
        """Write down what the clocks decided, close glasses, destroy payloads that have expired."""

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            now_at = self.desk.clock()
            log: list[Event] = []
            for entry in load_where(conn, t.requests.c.status.in_(OPEN_KINDS), limit=1000):
                settled(self.desk, conn, entry, now_at, log)
            glass.close_expired(self.desk, conn, now_at, log)
            over = select(t.requests.c.id).where(t.requests.c.status.not_in(NEEDS_PAYLOAD))
            conn.execute(delete(t.payloads).where((t.payloads.c.expires_at <= now_at) | t.payloads.c.request.in_(over)))
            return None, [*log, *erasing.expire(conn, now_at, self.desk.rules.salts_kept_s)]

        self.desk.log_size = await self._store.read(logged.size)
        await self._store.transact(unit)

    async def erase(self, name: str, *, by: Voter) -> int | Refusal:
        """Destroy the salts behind the commitments of an event or a request that is over; how many there were."""
        return await self._store.transact(lambda conn: erasing.erase(self.desk, conn, name, by))

    async def recover(self) -> int:
        """At start, before anything is executed: what processes that live no more had begun becomes UNKNOWN; how
        many."""
        self.desk.log_size = await self._store.read(logged.size)
        await self._store.read(self.desk.lent.check_with_log)
        await self._store.transact(lambda conn: executing.void_unbelieved(self.desk, conn))
        lost = await self.recover_lost()
        await self._recover_reads()
        return lost

    async def _recover_reads(self) -> None:
        """Reads of processes that live no more get the outcome that says so."""

        def look(conn: Connection) -> tuple[list[unseen.Unfinished], frozenset[str], int]:
            found, end = unseen.unfinished(conn, self._store.mac_key)
            others = {one.instance for one in found} - {"", self.desk.instance}
            return found, self._store.living(conn, others) | {self.desk.instance}, end

        found, living, end = await self._store.read(look)
        lost = [one for one in found if one.instance not in living]
        for start in range(0, len(lost), unseen.AT_ONCE):
            some = lost[start : start + unseen.AT_ONCE]
            await self._store.transact(lambda conn, some=some: unseen.say(conn, some))  # type: ignore[misc]
        running = [one for one in found if one.instance in living]
        await self._store.transact(lambda conn: unseen.seen(conn, running, end))

    async def recover_lost(self) -> int:
        """Executions whose process lives no more become UNKNOWN, and those of this process that it does not know of
        the second time that they are found (their intent was kept, and the answer to its COMMIT was lost); how many."""

        def look(conn: Connection) -> tuple[dict[str, str], frozenset[str]]:
            found = executing.begun(conn)
            return found, self._store.living(conn, set(found.values()) - {self.desk.instance})

        begun, living = await self._store.read(look)
        own = {name for name, instance in begun.items() if instance == self.desk.instance}
        suspected = own - self.desk.running
        lost = [name for name, instance in begun.items() if name not in own and instance not in living]
        lost += sorted(suspected & self._suspected)
        self._suspected = suspected
        if not lost:
            return 0
        return await self._store.transact(lambda conn: executing.lose(self.desk, conn, lost))

    async def run(self, every_s: float = 5.0, recover_every_s: float = 60.0) -> None:
        """Sweep for ever, and look for what was lost; a store that fails is asked again."""
        loop = asyncio.get_running_loop()
        recover_at = loop.time() + recover_every_s
        while True:
            with contextlib.suppress(StoreError):
                await self.sweep()
                if loop.time() >= recover_at:
                    recover_at = loop.time() + recover_every_s
                    await self.recover_lost()
            await asyncio.sleep(every_s)

    def close(self) -> None:
        self._bell.detach()
