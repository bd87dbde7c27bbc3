"""Keeping time: what the clocks decided is written down, and payloads and salts that have expired are destroyed."""

from __future__ import annotations

import asyncio
import contextlib

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from lockgate.approvals import Status
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals import erasing, executing, glass, logged, missing, unseen
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
        """Executions whose process lives no more become UNKNOWN, and `recover_unheard`; how many."""

        def look(conn: Connection) -> tuple[dict[str, str], frozenset[str]]:
            found = executing.begun(conn)
            return found, self._store.living(conn, set(found.values()) - {self.desk.instance})

        begun, living = await self._store.read(look)
        own = self.desk.instance
        lost = [name for name, instance in begun.items() if instance != own and instance not in living]
        return await self._lose(lost) + await self.recover_unheard()

    async def recover_unheard(self) -> int:
        """Executions of this process that it does not know of become UNKNOWN the second time that they are found: their
        intent was kept, and the answer to its COMMIT was lost; how many."""
        begun = await self._store.read(executing.begun)
        own = {name for name, instance in begun.items() if instance == self.desk.instance}
        suspected = own - self.desk.running
        lost = sorted(suspected & self._suspected)
        self._suspected = suspected
        return await self._lose(lost)

    async def _lose(self, executions: list[str]) -> int:
        if not executions:
            return 0
        return await self._store.transact(lambda conn: executing.lose(self.desk, conn, executions))

    async def recover_missed(self) -> int:
        """Of processes that share the store and have been missed for a while (`Absences`): their callers have left
        the requests that they waited for, and what they had begun is UNKNOWN; how many executions had an effect to
        settle. Call it every few seconds."""

        def look(conn: Connection) -> tuple[dict[str, str], dict[str, tuple[str, ...]], frozenset[str]]:
            return executing.begun(conn), missing.waiting(conn), self._store.present(conn)

        begun, waiting, present = await self._store.read(look)
        own = self._store.mark(self.desk.instance)
        named = {*begun.values(), *(name for names in waiting.values() for name in names)}
        dead = self.absences.look({self._store.mark(name) for name in named}, present | {own})
        if not dead:
            return 0
        for request_id, names in waiting.items():
            gone = [name for name in names if self._store.mark(name) in dead]
            if gone:
                await self._store.transact(lambda conn, r=request_id, g=gone: missing.left(self.desk, conn, r, g))  # type: ignore[misc]
        lost = [name for name, instance in begun.items() if self._store.mark(instance) in dead]
        count = await self._lose(lost)
        if self.absences.was_present(dead):
            await self._recover_missed_reads(dead)
            self.absences.forget(dead)
        return count

    async def _recover_missed_reads(self, dead: frozenset[str]) -> None:
        """The same for these alone, by their marks, while others live and look for them too. Where the next look at a
        start begins is left as it is."""
        found, _ = await self._store.read(lambda conn: unseen.unfinished(conn, self._store.mac_key))
        lost: dict[str, list[unseen.Unfinished]] = {}
        for one in found:
            if self._store.mark(one.instance) in dead:
                lost.setdefault(one.instance, []).append(one)

        for instance, reads in lost.items():

            def say(
                conn: Connection, instance: str = instance, reads: list[unseen.Unfinished] = reads
            ) -> tuple[None, list[Event]]:
                return unseen.say(conn, reads) if unseen.claim(conn, instance) else (None, [])

            try:
                await self._store.transact(say)
            except StoreError as error:
                if not isinstance(error.__cause__, IntegrityError):
                    raise  # else another process said it at this very moment

    async def run(self, every_s: float = 5.0, recover_every_s: float = 60.0) -> None:
        """Sweep for ever, and look for what was lost; a store that fails is asked again."""
        loop = asyncio.get_running_loop()
        recover_at = loop.time() + recover_every_s
        while True:
            with contextlib.suppress(StoreError):
                await self.sweep()
                await self.recover_missed()
                if loop.time() >= recover_at:
                    recover_at = loop.time() + recover_every_s
                    await self.recover_unheard()
            await asyncio.sleep(every_s)

    def close(self) -> None:
        self._bell.detach()
