"""The approvals service: each method is one unit of the store, its events in the same transaction."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from lockgate.action import JSON, Action, Decision, Requester
from lockgate.approvals import Status, events, settle
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals import (
    consuming,
    delegating,
    editing,
    executing,
    glass,
    lending,
    opening,
    standing,
    switch,
    telemetry,
    voting,
)
from lockgate.services.approvals import people as who
from lockgate.services.approvals.changes import loosened_since
from lockgate.services.approvals.desk import Clock, Desk, load, load_where, new_id, settled, shown
from lockgate.services.approvals.nouns import (
    Changes,
    Decide,
    Directory,
    Execution,
    Opened,
    Proposal,
    Refusal,
    RequestState,
    RequestView,
    Rules,
    Voter,
)
from lockgate.services.approvals.waiting import Bell
from lockgate.services.views import mask_words
from lockgate.store import Store
from lockgate.store.seal import KeyRing
from lockgate.store.tables import approvals as t

OUTCOMES = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN})
NEEDS_PAYLOAD = (Status.PENDING.value, Status.APPROVED.value, Status.EXECUTING.value, Status.UNKNOWN.value)
RACES = 3
OPEN_KINDS = (Status.PENDING.value, Status.APPROVED.value, Status.REVIEW_DUE.value)


class Approvals:
    """People between a wish and its effect. Refusals are values; a store that fails raises, and nothing runs.

    `profiles` gives the bodies of the approval profiles in force today; without it those frozen in a request
    count alone. `changes` says who loosened a rule; by default the log is asked.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        keys: KeyRing,
        clock: Clock,
        base_url: str = "",
        *,
        rules: Rules | None = None,
        changes: Changes = loosened_since,
        profiles: Callable[[], Mapping[str, JSON]] | None = None,
        mask: Callable[[str], str] = mask_words,
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._bell = Bell()
        self.desk = Desk(directory, keys, clock, base_url, rules or Rules(), changes, mask)

    # -- asking --

    async def propose(self, proposal: Proposal) -> Opened | Refusal:
        """Open a request, or join the one of the identical action. Refused when nobody could approve it."""
        prepared = opening.prepare(self.desk, proposal)
        for _ in range(RACES):
            # Another process may open or join the same request at this moment; then this one joins it.
            with contextlib.suppress(IntegrityError, StoreError):
                return await self._store.transact(lambda conn: opening.open_or_join(self.desk, conn, prepared))
        return await self._store.transact(lambda conn: opening.open_or_join(self.desk, conn, prepared))

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
            opened = opening.create(
                self.desk, conn, prepared, self.desk.clock(), log, kind="standing", standing_s=lasts_s
            )
            if isinstance(opened, Opened):
                terms = standing.terms_of(proposal.action, proposal.estimated_rows)
                entry = load(conn, opened.request_id)
                assert entry is not None
                standing.keep(conn, entry, terms, uses, self.desk.clock() + lasts_s * SECOND)
            return opened, log

        return await self._store.transact(unit)

    async def refused(self, action: Action, decision: Decision) -> None:
        """Write down that policy refused, and who was told."""
        body: dict[str, JSON] = {
            "decision": decision.effect.value,
            **opening.asked_for(action),
            "reasons": [{"id": r.policy_id, "title": r.title} for r in decision.reasons],
            "policy": decision.policy_digest,
        }
        await self._store.transact(lambda conn: (None, [Event("decision", body)]))

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
                state, decide_by_at = await self._store.read(lambda conn: self._state(conn, request_id))
                if state is not Status.PENDING:
                    await self._settle(request_id)
                    return state
                left_s = ends - loop.time()
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
        await self._store.transact(lambda conn: voting.caller(self.desk, conn, request_id, events.HoldEnded()))
        return Status.PENDING

    async def caller_gone(self, request_id: str) -> None:
        """A waiting caller cancelled or hung up; the last one leaves the request ten minutes."""
        await self._store.transact(lambda conn: voting.caller(self.desk, conn, request_id, events.CallerLeft()))

    async def withdraw(self, request_id: str, by: str) -> RequestView | Refusal:
        """Whoever asked takes it back; at once."""
        return await self._store.transact(lambda conn: voting.withdraw(self.desk, conn, request_id, by))

    # -- deciding --

    async def vote(
        self,
        request_id: str,
        *,
        voter: Voter,
        approve: bool,
        reason: str,
        action_digest: str,
        view_digest: str,
    ) -> RequestView | Refusal:
        """One human's decision on exactly this action, as exactly this view showed it.

        On a break-glass use that is due for review, approving says justified, denying says violation.
        """
        return await self._store.transact(
            lambda conn: voting.vote(
                self.desk,
                conn,
                request_id,
                voter,
                approve=approve,
                reason=reason,
                action_digest=action_digest,
                view_digest=view_digest,
            )
        )

    async def vote_batch(
        self, batch: str, *, voter: Voter, decisions: Sequence[editing.ItemVote], view_digest: str
    ) -> Mapping[str, RequestView | Refusal] | Refusal:
        return await self._store.transact(
            lambda conn: editing.vote_batch(self.desk, conn, batch, voter, tuple(decisions), view_digest)
        )

    async def edit(self, request_id: str, *, editor: Voter, proposal: Proposal) -> Opened | Refusal:
        """Put a child in its place, made from an action that was classified and decided anew."""
        prepared = opening.prepare(self.desk, proposal)
        return await self._store.transact(lambda conn: editing.edit(self.desk, conn, request_id, editor, prepared))

    async def escalate(self, request_id: str, *, by: Voter, group: str, count: int = 1) -> RequestView | Refusal:
        return await self._store.transact(lambda conn: editing.escalate(self.desk, conn, request_id, by, group, count))

    async def delegate(self, *, giver: Voter, receiver: str, group: str, ttl_s: int) -> delegating.Delegation | Refusal:
        """Lend one's place in a group, for two weeks at most; the lender's conflicts go with it."""
        return await self._store.transact(lambda conn: lending.delegate(self.desk, conn, giver, receiver, group, ttl_s))

    async def undelegate(self, delegation_id: str, *, giver: Voter) -> bool:
        return await self._store.transact(lambda conn: lending.undelegate(self.desk, conn, delegation_id, giver))

    # -- executing --

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
        done = await self._store.commit(
            lambda conn: consuming.consume(self.desk, conn, request_id, action, decide, current, transaction)
        )
        if isinstance(done.result, Refusal):
            return done.result
        return Execution(done.result.execution_id, done.event_ids[-1], done.result.payload)

    async def record(
        self, action: Action, decision: Decision, *, catalog_digest: str = "", glass_id: str = "", looked_up: int = 0
    ) -> Execution | Refusal:
        """A durable intent for what needs nobody; under a broken glass, `glass_id` is checked and named.

        `looked_up` records are counted against the principal's hour.
        """
        prepared = executing.prepare_record(self.desk, action, decision, catalog_digest, glass_id, looked_up)

        def unit(conn: Connection) -> tuple[executing.Begun | Refusal, list[Event]]:
            log: list[Event] = []
            if glass_id:
                refused, log = glass.use_glass(self.desk, conn, glass_id, action, decision.revealed)
                if refused:
                    return refused, log
            begun, written = executing.record(self.desk, conn, prepared)
            return begun, [*log, *written]

        done = await self._store.commit(unit)
        if isinstance(done.result, Refusal):
            return done.result
        begun = done.result
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
        return await self._store.transact(
            lambda conn: executing.finish(self.desk, conn, execution_id, status, rows, bytes_, code)
        )

    async def recover(self) -> int:
        """At start, before anything is executed: intents of this instance without an outcome become
        UNKNOWN.
        """
        return await self._store.transact(lambda conn: executing.recover(self.desk, conn))

    async def unsettled(self, connection: str) -> list[tuple[str, str]]:
        """`(execution, transaction)` of what is UNKNOWN on this connection and can be asked about upstream."""
        return await self._store.read(lambda conn: executing.unsettled(conn, connection))

    async def settle(self, execution_id: str, done: bool, evidence: str) -> None:
        """The upstream itself said what became of an UNKNOWN execution."""
        await self._store.transact(lambda conn: executing.settle(self.desk, conn, execution_id, done, evidence))

    async def reconcile(self, name: str, done: bool, by: str) -> RequestState | Refusal:
        """Settle an UNKNOWN request or execution by hand."""
        return await self._store.transact(lambda conn: executing.reconcile(self.desk, conn, name, done, by))

    # -- emergencies --

    async def break_glass(
        self,
        requester: Requester,
        *,
        voter: Voter,
        connection: str,
        classes: frozenset[str],
        reason: str,
        ttl_s: int = 3600,
        only: Action | None = None,
    ) -> glass.Glass | Refusal:
        return await self._store.transact(
            lambda conn: glass.break_glass(self.desk, conn, requester, voter, connection, classes, reason, ttl_s, only)
        )

    async def open_glass(self, requester: Requester, connection: str, classes: frozenset[str]) -> glass.Glass | None:
        """For the pipeline: is there a glass that lets this through? Policy is asked with `break_glass`
        then.
        """
        return await self._store.read(lambda conn: glass.open_glass(self.desk, conn, requester, connection, classes))

    async def review(
        self,
        request_id: str,
        *,
        voter: Voter,
        justified: bool,
        reason: str,
        action_digest: str,
        view_digest: str,
    ) -> RequestView | Refusal:
        """One of two people's review of a break-glass use."""
        return await self.vote(
            request_id,
            voter=voter,
            approve=justified,
            reason=reason,
            action_digest=action_digest,
            view_digest=view_digest,
        )

    async def close_glass(self, request_id: str, *, by: str) -> RequestView | Refusal:
        """Whoever broke it needs it no more; its review is due."""
        return await self._store.transact(lambda conn: glass.close_by(self.desk, conn, request_id, by))

    async def kill_switch(self, on: bool, *, by: Voter, reason: str = "") -> switch.Switch | Refusal:
        """Stop everything (one person), or agree to go on (two people)."""
        unit = switch.turn_on if on else switch.lift
        return await self._store.transact(lambda conn: unit(self.desk, conn, by, reason))

    async def stopped(self) -> switch.Switch:
        return await self._store.read(switch.read)

    # -- looking --

    async def get(self, request_id: str, *, viewer: str = "") -> RequestView | Refusal:
        """The stored view; naming the viewer starts their time to decide."""

        def read(conn: Connection) -> RequestView | None:
            entry = load(conn, request_id)
            return None if entry is None else shown(self.desk, entry, self.desk.clock())

        found = await self._store.read(read)
        if found is None:
            return voting.NO_SUCH
        if viewer and found.state in (Status.PENDING, Status.REVIEW_DUE):
            await self._store.transact(lambda conn: voting.seen(self.desk, conn, request_id, viewer))
        return found

    async def list(
        self, *, state: str = "", principal: str = "", connection: str = "", limit: int = 100
    ) -> builtins.list[RequestView]:
        """Newest first."""
        conditions = []
        if state:
            conditions.append(t.requests.c.status == state)
        if principal:
            conditions.append(t.requests.c.principal == principal)
        if connection:
            conditions.append(t.requests.c.connection == connection)

        def read(conn: Connection) -> builtins.list[RequestView]:
            now_at = self.desk.clock()
            found = [shown(self.desk, e, now_at) for e in load_where(conn, *conditions, limit=limit)]
            return [view for view in found if not state or view.state == state]

        return await self._store.read(read)

    async def batch(self, batch: str) -> editing.BatchView | Refusal:
        view = await self._store.read(lambda conn: editing.batch_view(self.desk, conn, batch))
        return voting.NO_SUCH if view is None else view

    async def denial_reason(self, request_id: str) -> str:
        """What the reviewer who denied it said, masked before it was kept."""
        found = await self.get(request_id)
        if isinstance(found, Refusal):
            return ""
        return next((vote.reason for vote in reversed(found.votes) if not vote.approve), "")

    async def reviewers(self, since_at: int = 0) -> builtins.list[telemetry.Reviewer]:
        return await self._store.read(lambda conn: telemetry.reviewers(conn, self.desk.rules, since_at))

    async def reviewers_for(
        self, requester: Requester, connection: str, profiles: Mapping[str, JSON]
    ) -> Mapping[str, who.Panel]:
        """For `doctor`: who could decide about this requester's actions, for each profile, and who may
        not.
        """
        return await self._store.read(
            lambda conn: who.panels(self.desk, conn, requester, connection, profiles, self.desk.clock())
        )

    # -- time --

    async def sweep(self) -> None:
        """Write down what the clocks decided, close glasses, destroy payloads that have expired."""

        def unit(conn: Connection) -> tuple[None, builtins.list[Event]]:
            now_at = self.desk.clock()
            log: builtins.list[Event] = []
            for entry in load_where(conn, t.requests.c.status.in_(OPEN_KINDS), limit=1000):
                settled(self.desk, conn, entry, now_at, log)
            glass.close_expired(self.desk, conn, now_at, log)
            over = select(t.requests.c.id).where(t.requests.c.status.not_in(NEEDS_PAYLOAD))
            conn.execute(delete(t.payloads).where((t.payloads.c.expires_at <= now_at) | t.payloads.c.request.in_(over)))
            return None, log

        await self._store.transact(unit)

    async def run(self, every_s: float = 5.0) -> None:
        """Sweep for ever; a store that fails is asked again."""
        while True:
            with contextlib.suppress(StoreError):
                await self.sweep()
            await asyncio.sleep(every_s)

    def close(self) -> None:
        self._bell.detach()

    def _state(self, conn: Connection, request_id: str) -> tuple[Status, int]:
        entry = load(conn, request_id)
        if entry is None:
            return Status.INVALIDATED, 0
        request = settle(entry.request, self.desk.clock())
        return request.status, request.decide_by_at

    async def _settle(self, request_id: str) -> None:
        def unit(conn: Connection) -> tuple[None, builtins.list[Event]]:
            log: builtins.list[Event] = []
            entry = load(conn, request_id, lock=True)
            if entry is not None:
                settled(self.desk, conn, entry, self.desk.clock(), log)
            return None, log

        await self._store.transact(unit)
