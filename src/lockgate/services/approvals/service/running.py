"""Running: consume a grant or record an intent, then what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from lockgate.action import JSON, Action, Decision
from lockgate.approvals import Status
from lockgate.audit.event import Event
from lockgate.services.approvals import consuming, executing, glass, logged
from lockgate.services.approvals.nouns import Decide, Execution, Refusal, RequestState
from lockgate.services.approvals.service.base import Part

OUTCOMES = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN})


class Running(Part):
    """For whoever executes."""

    async def consume(
        self,
        request_id: str,
        action: Action,
        decide: Decide,
        *,
        profiles: Mapping[str, JSON] | None = None,
        transaction: str = "",
    ) -> Execution | Refusal:
        """Look everything up again and use the grant, once. The intent is durable when this returns.

        `transaction` is the upstream's name for what it will run in: whoever finds it UNKNOWN can ask there.
        """
        current = profiles if profiles is not None else self._profiles() if self._profiles else None
        known = await self._store.read(lambda conn: logged.ask(conn, self.desk.keys, request_id))
        done = await self._store.commit(
            lambda conn: consuming.consume(self.desk, conn, request_id, action, decide, current, transaction, known)
        )
        if isinstance(done.result, Refusal):
            return done.result
        self.desk.running.add(done.result.execution_id)
        return Execution(done.result.execution_id, done.event_ids[-1], done.result.payload)

    async def record(
        self, action: Action, decision: Decision, *, catalog_digest: str = "", glass_id: str = "", looked_up: int = 0
    ) -> Execution | Refusal:
        """A durable intent for what needs nobody; under a broken glass, `glass_id` is checked and named.

        `looked_up` records are counted against the principal's hour.
        """
        prepared = executing.prepare_record(self.desk, action, decision, catalog_digest, glass_id, looked_up)

        known: Mapping[str, logged.Known] = {}
        if glass_id:
            known = await self._store.read(lambda conn: logged.ask(conn, self.desk.keys, glass_id))

        def unit(conn: Connection) -> tuple[executing.Begun | Refusal, list[Event]]:
            log: list[Event] = []
            if glass_id:
                refused, log = glass.use_glass(self.desk, conn, glass_id, action, decision.revealed, known)
                if refused:
                    return refused, log
            begun, written = executing.record(self.desk, conn, prepared)
            return begun, [*log, *written]

        done = await self._store.commit(unit)
        if isinstance(done.result, Refusal):
            return done.result
        begun = done.result
        if begun.tracked:
            self.desk.running.add(begun.execution_id)
        return Execution(begun.execution_id, done.event_ids[-1], begun.payload, begun.tracked)

    async def finish_read(self, execution: Execution, outcome: str, rows: int, bytes_: int, code: str = "") -> None:
        """What became of an execution that the store does not track. Call it once."""
        body = executing.outcome_of(execution.execution_id, Status(outcome), rows, bytes_, code)
        await self._store.transact(lambda _: (None, [Event("outcome", body)]))

    async def finish(self, execution_id: str, outcome: str, rows: int, bytes_: int, code: str = "") -> bool:
        """What became of it; False when that was known already (the first outcome stands)."""
        status = Status(outcome)
        if status not in OUTCOMES:
            raise ValueError("an outcome is SUCCEEDED, FAILED or UNKNOWN")
        # Also where the store is away: whoever does not try again leaves it to `recover_lost`.
        self.desk.running.discard(execution_id)
        return await self._store.transact(
            lambda conn: executing.finish(self.desk, conn, execution_id, status, rows, bytes_, code)
        )

    async def unsettled(self, connection: str) -> list[tuple[str, str]]:
        """`(execution, transaction)` of what is UNKNOWN on this connection and can be asked about upstream."""
        return await self._store.read(lambda conn: executing.unsettled(conn, connection))

    async def settle(self, execution_id: str, done: bool, evidence: str) -> None:
        """The upstream itself said what became of an UNKNOWN execution."""
        await self._store.transact(lambda conn: executing.settle(self.desk, conn, execution_id, done, evidence))

    async def reconcile(self, name: str, done: bool, by: str) -> RequestState | Refusal:
        """Settle an UNKNOWN request or execution by hand."""
        return await self._store.transact(lambda conn: executing.reconcile(self.desk, conn, name, done, by))
