"""Keeping time: what the clocks decided is written down, and payloads that have expired are destroyed."""

from __future__ import annotations

import asyncio
import contextlib

from sqlalchemy import Connection, delete, select

from lockgate.approvals import Status
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals import glass, logged
from lockgate.services.approvals.desk import settled
from lockgate.services.approvals.entries import load_where
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
            return None, log

        self.desk.log_size = await self._store.read(logged.size)
        await self._store.transact(unit)

    async def run(self, every_s: float = 5.0) -> None:
        """Sweep for ever; a store that fails is asked again."""
        while True:
            with contextlib.suppress(StoreError):
                await self.sweep()
            await asyncio.sleep(every_s)

    def close(self) -> None:
        self._bell.detach()
