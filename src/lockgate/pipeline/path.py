"""The path itself: decide, hold, consume or record. One `Pipeline` serves every gateway of a process."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping

from lockgate.action import Action, Decision, Effect, Kind, Question, Requester
from lockgate.errors import LockgateError
from lockgate.pipeline.holding import held
from lockgate.pipeline.nouns import ALWAYS, Caller, Facts, Moment, Pass, Refusal, Ticket, Wishes
from lockgate.pipeline.questions import by_shape, moment_of, query_of, shape_facts
from lockgate.pipeline.words import EXPIRED, FAILED, FORBIDDEN, from_refusal, stopped, unrecorded, way_out, why
from lockgate.policy import PolicyHolder
from lockgate.services.approvals import Approvals, Execution, Proposal, RequestView
from lockgate.services.approvals import Refusal as ApprovalRefusal
from lockgate.services.shapes import Shape, Shapes
from lockgate.services.views import ViewFacts
from lockgate.store import Clock, system_clock

MOST_NAMED = 200
"""Statements of one session that are recorded by a name of their own."""


class Pipeline:
    """The path, over the services. One instance serves every gateway of a process."""

    def __init__(
        self,
        policy: PolicyHolder,
        approvals: Approvals,
        shapes: Shapes,
        catalog_digest: Callable[[], str],
        witnessed: Callable[[str], Awaitable[None]] | None = None,
        clock: Clock = system_clock,
    ):
        self._policy = policy
        self._approvals = approvals
        self._shapes = shapes
        self._catalog_digest = catalog_digest
        self._witnessed = witnessed
        self._clock = clock
        self.halted = ""
        """Why nothing is executed: the store contradicts the log as it is known outside (services/log)."""
        self.stopped = False
        """The kill switch as last heard of; the store's own state is asked again wherever something is consumed."""
        self.away = ""
        """Why nobody knows how the switch stands, so that it counts as on; empty where it is known."""

    def decide(
        self,
        requester: Requester,
        facts: Facts,
        wishes: Wishes,
        satisfied: frozenset[str] = frozenset(),
        *,
        glass: bool = False,
    ) -> Decision:
        """What policy says now; no store, at most a millisecond."""
        return self._policy.current.decide(query_of(requester, facts, wishes, glass, self.moment()), satisfied)

    def moment(self) -> Moment:
        """Day and hour, UTC, as policies compare them; 0 where none does, so that a decision may be kept for longer."""
        policy = self._policy.current
        if not (policy.knows_dates or policy.knows_hours):
            return ALWAYS
        now = moment_of(self._clock())
        return Moment(now.today if policy.knows_dates else 0, now.hour if policy.knows_hours else 0)

    def names_statement(self, requester: Requester, facts: Facts, wishes: Wishes) -> bool:
        """Whether the statement's key is needed: a policy reads it, or people will be asked and may let it recur."""
        return self._policy.current.names_statements or self.decide(requester, facts, wishes).effect is Effect.REQUIRE

    async def ask(
        self,
        action: Action,
        facts: Facts,
        wishes: Wishes,
        *,
        caller: Caller,
        describe: Callable[[], Awaitable[ViewFacts]],
        audit_each: bool = False,
    ) -> Ticket | Refusal:
        """Decide; where policy wants people, open or join a request, tell the caller and wait.

        Nothing is consumed yet: a Ticket says that everything held a moment ago, `redeem` looks again.
        StoreError: the store is away; `unrecorded` is what to answer.
        """
        if self.stopped or self.halted:
            return self._no()
        policy = self._policy.current
        decision = self.decide(action.requester, facts, wishes)
        if not decision.allowed and action.requester.principal.kind is Kind.HUMAN:
            broken = await self._under_glass(action, facts, wishes)
            if broken is not None:
                return broken
        if decision.effect is Effect.DENY:
            await self._approvals.refused(action, decision)
            return Refusal(FORBIDDEN, why(decision), way_out(facts, wishes), classes=facts.classes | facts.probes)
        if decision.effect is Effect.ALLOW:
            capped = wishes.most_rows or wishes.most_bytes
            once = not audit_each and not capped and by_shape(facts, decision)
            return Ticket(action, facts, wishes, decision, once, policy=policy, moment=self.moment())
        return await self._hold(action, facts, wishes, decision, caller, describe)

    async def _under_glass(self, action: Action, facts: Facts, wishes: Wishes) -> Ticket | None:
        """Leave by a glass that this person has broken here for these classes; policy is asked with that fact, so a
        `forbid` still forbids."""
        classes = (facts.classes & wishes.reveal) | facts.probes | facts.lookups
        glass = await self._approvals.open_glass(action.requester, action.connection, classes)
        if glass is None:
            return None
        decision = self.decide(action.requester, facts, wishes, glass=True)
        if not decision.allowed:
            return None
        return Ticket(action, facts, wishes, decision, False, glass_id=glass.request_id)

    async def _hold(
        self,
        action: Action,
        facts: Facts,
        wishes: Wishes,
        decision: Decision,
        caller: Caller,
        describe: Callable[[], Awaitable[ViewFacts]],
    ) -> Ticket | Refusal:
        opened = await self._approvals.join(action, waiting=wishes.wait)
        if opened is None:
            # Only now is it described: whoever asks again has been, and a sample would be read and logged each time.
            opened = await self._approvals.propose(self._proposal(action, facts, wishes, decision, await describe()))
        if isinstance(opened, ApprovalRefusal):
            return from_refusal(opened, facts)
        ticket = Ticket(action, facts, wishes, decision, False, opened.request_id)
        refused = await held(self._approvals, opened, facts, wishes, caller)
        return ticket if refused is None else refused

    async def draft(
        self,
        action: Action,
        facts: Facts,
        wishes: Wishes,
        *,
        describe: Callable[[], Awaitable[ViewFacts]],
        by: str,
        glass: bool = False,
    ) -> Proposal | Refusal:
        """What would be put before people if this were asked now; nobody waits, nothing is asked yet.

        Refused where policy forbids it, and where it needs nobody; `by` is whoever drafts it. With `glass` policy is
        asked as it will be once the glass is broken for it, and what needs nobody then is what is wanted.
        """
        if self.stopped or self.halted:
            return self._no()
        decision = self.decide(action.requester, facts, wishes, glass=glass)
        if decision.effect is Effect.DENY:
            await self._approvals.refused(action, decision, drafted_by=by)
            return Refusal(FORBIDDEN, why(decision), way_out(facts, wishes), classes=facts.classes | facts.probes)
        if decision.effect is Effect.ALLOW and not glass:
            return Refusal(FORBIDDEN, "this needs nobody's approval", "let the requester run it")
        return self._proposal(action, facts, wishes, decision, await describe())

    def _proposal(
        self, action: Action, facts: Facts, wishes: Wishes, decision: Decision, view_facts: ViewFacts
    ) -> Proposal:
        policy = self._policy.current
        return Proposal(
            action=action,
            decision=decision,
            profiles={name: policy.profiles[name].body() for name in decision.profiles},
            policy_digest=policy.digest,
            catalog_digest=self._catalog_digest(),
            view_facts=view_facts,
            waiting=wishes.wait,
            estimated_rows=facts.estimated_rows,
            statement=facts.statement,
            lookups=facts.lookups,
        )

    async def redeem(
        self, ticket: Ticket, shapes: MutableMapping[object, Shape], transaction: str = "", statement: str = ""
    ) -> Pass | Refusal:
        """Use the ticket: consume the grant or write the intent, durable when this returns. Fails closed.

        `transaction` is the upstream's own name for the transaction that this will run in, where it has one;
        `statement` names what is recorded by shape.
        """
        if self.stopped or self.halted:
            return self._no()
        action, decision = ticket.action, ticket.decision
        try:
            if ticket.request_id:
                consumed = await self._approvals.consume(
                    ticket.request_id,
                    action,
                    lambda satisfied: self.decide(action.requester, ticket.facts, ticket.wishes, satisfied),
                    transaction=transaction,
                )
                if isinstance(consumed, ApprovalRefusal):
                    return from_refusal(consumed, ticket.facts)
                await self._witness(consumed)
                return Pass(decision, consumed, None, ticket.request_id, self._finisher(consumed))
            if self._changed(ticket):
                return Refusal(EXPIRED, "the policy changed while this was waiting", "repeat the statement")
            if ticket.by_shape:
                alike = (ticket.facts, decision.policy_digest, tuple(sorted(action.operators.items())))
                shape = shapes.get((statement, *alike))
                if shape is None:
                    # A session that makes up statements without end gets no intent for each: the rest are one kind.
                    named = statement if len(shapes) < MOST_NAMED else ""
                    shape = shapes.get((named, *alike))
                    if shape is None:
                        shape = await self._shapes.open(shape_facts(ticket, named, self._catalog_digest()))
                        shapes[(named, *alike)] = shape
                return Pass(decision, None, shape)
            recorded = await self._approvals.record(
                action,
                decision,
                catalog_digest=self._catalog_digest(),
                glass_id=ticket.glass_id,
                looked_up=ticket.facts.looked_up,
            )
            if isinstance(recorded, ApprovalRefusal):
                return from_refusal(recorded, ticket.facts)
            return Pass(decision, recorded, None, "", self._finisher(recorded))
        except LockgateError as error:
            return unrecorded(error)

    async def invalidate(self, request_id: str, why: str) -> None:
        """What this rests on changed before it ran. A store that is away is not told: the grant ends by its clock, and
        every other try compares anew."""
        with contextlib.suppress(LockgateError):
            await self._approvals.invalidate(request_id, why)

    def _changed(self, ticket: Ticket) -> bool:
        """Whether policy no longer allows what this ticket says, or masks more."""
        if ticket.policy is self._policy.current and ticket.moment == self.moment():
            return False
        now = self.decide(ticket.action.requester, ticket.facts, ticket.wishes, glass=bool(ticket.glass_id))
        return not now.allowed or bool(now.masked - ticket.decision.masked)

    async def _witness(self, consumed: Execution) -> None:
        """Raise unless the intent is under a checkpoint that is kept elsewhere already, so that no older store can give
        the grant back; the execution then has failed before it began."""
        if self._witnessed is None:
            return
        try:
            await self._witnessed(consumed.intent_event_id)
        except BaseException:
            with contextlib.suppress(LockgateError):
                await self._approvals.finish(consumed.execution_id, "FAILED", 0, 0, FAILED)
            raise

    def _no(self) -> Refusal:
        if reason := self.halted or self.away:
            return Refusal(FAILED, f"nothing is executed: {reason}", "tell an administrator: lockgate doctor")
        return stopped()

    def _finisher(self, execution: Execution) -> Callable[[str, int, int, str], Awaitable[None]]:
        async def finish(outcome: str, rows: int, bytes_: int, code: str) -> None:
            if execution.tracked:
                await self._approvals.finish(execution.execution_id, outcome, rows, bytes_, code)
            else:
                await self._approvals.finish_read(execution, outcome, rows, bytes_, code)

        return finish

    async def own_requests(self, requester: Requester) -> list[RequestView]:
        """What this principal has asked for, newest first."""
        return await self._approvals.list(principal=requester.principal.id, limit=50)

    def may_write(self, requester: Requester, resources: frozenset[str]) -> bool:
        """Whether the requester may write any of these relations without asking anybody (tokens depend on it), were it
        by one statement alone."""
        return any(
            self._policy.current.by_some_statement(requester.principal.id, "sql.write", resource)
            or self.decide(
                requester,
                Facts((Question("sql.write", resource),), frozenset(), frozenset(), frozenset()),
                Wishes(),
            ).allowed
            for resource in resources
        )
