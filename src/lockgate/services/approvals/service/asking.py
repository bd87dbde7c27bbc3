"""Asking: open or join a request, wait for people, take it back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lockgate.action import JSON, Action, Decision, Requester, attempt_key
from lockgate.approvals import Status, events, settle
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals import before, decisions, opening, standing, switch, voting
from lockgate.services.approvals.desk import look, settled, take
from lockgate.services.approvals.entries import new_id
from lockgate.services.approvals.nouns import Opened, Proposal, Refusal, RequestState, RequestView
from lockgate.services.approvals.service.base import Part

RACES = 3
LOOK_AGAIN_S = 1.0


class Asking(Part):
    """For whoever asks."""

    async def propose(self, proposal: Proposal) -> Opened | Refusal:
        """Open a request, or join the one of the identical action. Refused when nobody could approve it."""
        prepared = opening.prepare(self.desk, proposal)
        for _ in range(RACES):
            # Another process may open or join the same request at this moment; then this one joins it.
            try:
                return await self._store.transact(lambda conn: opening.open_or_join(self.desk, conn, prepared))
            except IntegrityError:
                continue
            except StoreError as error:
                if not isinstance(error.__cause__, IntegrityError | None):
                    raise  # it is away, which another try would only hide
        return await self._store.transact(lambda conn: opening.open_or_join(self.desk, conn, prepared))

    async def join(self, action: Action, *, waiting: bool) -> Opened | Refusal | None:
        """The request that the identical action has already; None where it must be proposed (`propose` looks again)."""
        key = attempt_key(action, self.desk.attempt_secret)
        return await self._store.transact(lambda conn: opening.join(self.desk, conn, key, waiting))

    async def propose_batch(self, proposals: Sequence[Proposal]) -> tuple[str, tuple[Opened | Refusal, ...]]:
        """Several at once, for one screen: the batch's id, and what became of each."""
        batch = new_id("batch")
        prepared = [opening.prepare(self.desk, proposal) for proposal in proposals]

        def unit(conn: Connection) -> tuple[tuple[Opened | Refusal, ...], list[Event]]:
            log: list[Event] = []
            results = []
            for one in prepared:
                result, written = opening.open_or_join(self.desk, conn, one, batch=batch)
                results.append(result)
                log += written
            return tuple(results), log

        return batch, await self._store.transact(unit)

    async def propose_standing(self, proposal: Proposal, *, max_uses: int, ttl_s: int) -> Opened | Refusal:
        """Ask people for a standing grant of what this one example does, and no more."""
        uses, lasts_s = max(1, min(max_uses, standing.MAX_USES)), standing.lasting(ttl_s)
        explained = standing.explain(proposal, uses, lasts_s)
        prepared = opening.prepare(self.desk, explained)

        def unit(conn: Connection) -> tuple[Opened | Refusal, list[Event]]:
            log: list[Event] = []
            stopped = switch.refuse_if_on(conn)
            if stopped:
                return stopped, log
            now_at = self.desk.clock()
            refused = before.refuse_denied(
                self.desk, conn, prepared.key, now_at, log, "standing"
            ) or opening.refuse_too_many(self.desk, conn, proposal, now_at, log)
            if refused is not None:
                return refused, log
            asked = before.again(self.desk, conn, prepared.key, prepared.quorums, now_at, log)
            opened = opening.create(
                self.desk,
                conn,
                replace(prepared, quorums=asked.quorums),
                now_at,
                log,
                editors=asked.editors,
                extra={"terms": standing.terms_of(proposal), "max_uses": uses},
                kind="standing",
                standing_s=lasts_s,
            )
            return opened, log

        return await self._store.transact(unit)

    async def refused(self, action: Action, decision: Decision, *, drafted_by: str = "") -> None:
        """Write down that policy refused, and who was told; `drafted_by` where the requester did not ask."""
        drafted: dict[str, JSON] = {"drafted_by": drafted_by} if drafted_by else {}
        body: dict[str, JSON] = {
            "decision": decision.effect.value,
            **drafted,
            **decisions.asked_for(action),
            "reasons": decisions.reasons_of(decision),
            "policy": decision.policy_digest,
        }
        await self._store.transact(lambda conn: (None, [Event("decision", body)]))

    async def sampled(self, connection: str, requester: Requester, tables: Sequence[str], most_rows: int) -> None:
        """Write down, before it is done, that rows of these tables are read to be shown, masked, to reviewers."""
        body: dict[str, JSON] = {
            "connection": connection,
            "principal": requester.principal.id,
            "tables": list(tables),
            "most_rows": most_rows,
        }
        await self._store.transact(lambda conn: (None, [Event("view.sampled", body)]))

    async def wait(self, request_id: str, timeout_s: float) -> RequestState:
        """Where the request stands once it is decided, or PENDING when the hold ends first.

        When the caller is cancelled nothing is written: say `caller_gone`.
        """
        self._bell.attach(self._store.listen)
        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout_s
        rung = self._bell.wait_for(request_id)
        try:
            while True:
                rung.clear()
                left_s = ends - loop.time()
                try:
                    state, decide_by_at = await self._store.read(lambda conn: self._state(conn, request_id))
                except StoreError:
                    # Nobody has decided because the store is away: the caller goes on waiting as long as it may.
                    if left_s <= 0:
                        raise
                    await asyncio.sleep(min(left_s, LOOK_AGAIN_S))
                    continue
                if state is not Status.PENDING:
                    with contextlib.suppress(StoreError):  # whoever uses it looks again
                        await self._settle(request_id)
                    return state
                if left_s <= 0:
                    break
                clock_s = (decide_by_at - self.desk.clock()) / SECOND
                try:
                    async with asyncio.timeout(min(left_s, max(clock_s, 0.01))):
                        await rung.wait()
                except TimeoutError:
                    continue
        finally:
            self._bell.leave(request_id, rung)
        ended = events.HoldEnded(self.desk.instance)
        await self._store.transact(lambda conn: voting.happened(self.desk, conn, request_id, ended))
        return Status.PENDING

    async def caller_gone(self, request_id: str) -> None:
        """A waiting caller cancelled or hung up; the last one leaves the request ten minutes."""
        left = events.CallerLeft(self.desk.instance)
        await self._store.transact(lambda conn: voting.happened(self.desk, conn, request_id, left))

    async def invalidate(self, request_id: str, why: str) -> None:
        """What the action rests on is no longer what was approved."""
        await self._store.transact(lambda conn: voting.happened(self.desk, conn, request_id, events.Invalidated(why)))

    async def withdraw(self, request_id: str, by: str) -> RequestView | Refusal:
        """Whoever asked takes it back; at once."""
        return await self._store.transact(lambda conn: voting.withdraw(self.desk, conn, request_id, by))

    def _state(self, conn: Connection, request_id: str) -> tuple[Status, int]:
        entry = look(self.desk, conn, request_id)
        if entry is None:
            return Status.INVALIDATED, 0
        request = settle(entry.request, self.desk.clock())
        return request.status, request.decide_by_at

    async def _settle(self, request_id: str) -> None:
        def unit(conn: Connection) -> tuple[None, list[Event]]:
            log: list[Event] = []
            entry = take(self.desk, conn, request_id, log)
            if entry is not None:
                settled(self.desk, conn, entry, self.desk.clock(), log)
            return None, log

        await self._store.transact(unit)
