"""The one path: identify, classify, decide, hold, consume, log the intent, execute, mask.

Every way in is an adapter to this path. An adapter knows bytes; the path knows people, PHI and power. It answers an
action with an `Admission`: a `Pass`, whose intent is already durable when it is returned, or a `Refusal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from lockgate.action import JSON, Action, Decision, Effect, Kind, Question, Requester
from lockgate.errors import LockgateError
from lockgate.policy import Context, PolicyHolder, Query
from lockgate.services.approvals import Approvals, Execution, Proposal, RequestView
from lockgate.services.approvals import Refusal as ApprovalRefusal
from lockgate.services.shapes import Shape, Shapes
from lockgate.services.views import ViewFacts

WAITING, FORBIDDEN, DENIED, EXPIRED, FAILED = "LG001", "LG002", "LG003", "LG004", "LG005"

AUDITED_BY_SHAPE = frozenset({"sql.select", "sql.session", "sql.temp"})
"""Reads in which every PHI column is masked may be recorded once for each shape and session (audit.md)."""

NEVER_WITHOUT_PEOPLE = "no policy lets anybody do this"


@dataclass(frozen=True, slots=True)
class Facts:
    """What classification found, in words that no protocol owns; `shape` names the statement key."""

    questions: tuple[Question, ...]
    classes: frozenset[str]
    probes: frozenset[str]
    lookups: frozenset[str]
    clean: frozenset[str] = frozenset()
    """Resources known to hold no PHI at all."""
    code: frozenset[str] = frozenset()
    """Functions that are not known to be safe: why it counts as code."""
    estimated_rows: int = 0
    looked_up: int = 0
    """How many records it asks for by their identifier."""
    destination: str = "client"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the requester asked for beyond the statement: classes to reveal, purpose, reason, how to hold."""

    reveal: frozenset[str] = frozenset()
    purpose: str = ""
    reason: str = ""
    wait: bool = True
    hold_s: float = 45.0
    most_rows: int = 0
    """The stream is cut at this many rows (0: no cap); part of what is approved."""
    most_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """Told to the caller at once when an action waits for people."""

    request_id: str
    link: str
    decide_by_at: int
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action does not run: a stable code, what happened, one thing to do, and what a program may read."""

    code: str
    message: str
    hint: str
    request_id: str = ""
    state: str = ""
    classes: frozenset[str] = frozenset()
    retry_after_s: int = 0


class Caller(Protocol):
    """Who waits for the answer."""

    async def told(self, held: Held) -> None: ...

    async def gone(self) -> None:
        """Returns when the caller has cancelled or hung up."""


@dataclass(slots=True)
class Pass:
    """Leave to execute once; the intent is durable. `finish` must be called with what became of it."""

    decision: Decision
    execution: Execution | None = None
    shape: Shape | None = None
    request_id: str = ""
    _finish: Callable[[str, int, int, str], Awaitable[None]] | None = field(default=None, repr=False)

    async def finish(self, outcome: str, rows: int, bytes_: int, code: str = "") -> None:
        """`outcome` is SUCCEEDED, FAILED or UNKNOWN; rows and bytes are what left."""
        if self._finish is not None:
            await self._finish(outcome, rows, bytes_, code)


Admission: TypeAlias = Pass | Refusal


@dataclass(frozen=True, slots=True)
class Ticket:
    """A decision that may be redeemed: allowed outright, or approved by people under `request_id`."""

    action: Action
    facts: Facts
    wishes: Wishes
    decision: Decision
    by_shape: bool
    request_id: str = ""
    glass_id: str = ""


class Pipeline:
    """The path, over the services. One instance serves every gateway of a process."""

    def __init__(self, policy: PolicyHolder, approvals: Approvals, shapes: Shapes, catalog_digest: Callable[[], str]):
        self._policy = policy
        self._approvals = approvals
        self._shapes = shapes
        self._catalog_digest = catalog_digest
        self.stopped = False
        """The kill switch as last heard of; the store's own state is asked again wherever something is consumed."""

    def decide(
        self,
        requester: Requester,
        facts: Facts,
        wishes: Wishes,
        satisfied: frozenset[str] = frozenset(),
        *,
        glass: bool = False,
    ) -> Decision:
        """What policy says now; pure, no store, at most a millisecond."""
        return self._policy.current.decide(_query(requester, facts, wishes, glass), satisfied)

    async def ask(
        self,
        action: Action,
        facts: Facts,
        wishes: Wishes,
        *,
        caller: Caller,
        describe: Callable[[], ViewFacts],
        audit_each: bool = False,
    ) -> Ticket | Refusal:
        """Decide; where policy wants people, open or join a request, tell the caller and wait.

        Nothing is consumed yet: a Ticket says that everything held a moment ago, `redeem` looks again.
        """
        if self.stopped:
            return _stopped()
        decision = self.decide(action.requester, facts, wishes)
        if not decision.allowed and action.requester.principal.kind is Kind.HUMAN:
            broken = await self._under_glass(action, facts, wishes)
            if broken is not None:
                return broken
        if decision.effect is Effect.DENY:
            await self._approvals.refused(action, decision)
            return Refusal(FORBIDDEN, _why(decision), _way_out(facts, wishes), classes=facts.classes | facts.probes)
        if decision.effect is Effect.ALLOW:
            capped = wishes.most_rows or wishes.most_bytes
            by_shape = not audit_each and not capped and _by_shape(facts, decision)
            return Ticket(action, facts, wishes, decision, by_shape)
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
        describe: Callable[[], ViewFacts],
    ) -> Ticket | Refusal:
        policy = self._policy.current
        opened = await self._approvals.propose(
            Proposal(
                action=action,
                decision=decision,
                profiles={name: policy.profiles[name].body() for name in decision.profiles},
                policy_digest=policy.digest,
                catalog_digest=self._catalog_digest(),
                view_facts=describe(),
                waiting=wishes.wait,
                estimated_rows=facts.estimated_rows,
            )
        )
        if isinstance(opened, ApprovalRefusal):
            return _from_refusal(opened, facts)
        ticket = Ticket(action, facts, wishes, decision, False, opened.request_id)
        if opened.state == "APPROVED":
            return ticket
        if not wishes.wait:
            return Refusal(
                WAITING,
                f"waiting for approval: request {opened.request_id}, {opened.link}",
                "repeat the identical statement once it is approved",
                opened.request_id,
                opened.state,
                facts.classes,
                30,
            )
        await caller.told(Held(opened.request_id, opened.link, opened.decide_by_at, facts.classes))
        state = await self._wait(opened.request_id, wishes.hold_s, caller)
        if state == "APPROVED":
            return ticket
        return await self._unapproved(opened.request_id, opened.link, state, facts)

    async def _wait(self, request_id: str, hold_s: float, caller: Caller) -> str:
        """The request's state when it leaves PENDING, the hold ends (PENDING) or the caller goes (GONE)."""
        decided = asyncio.ensure_future(self._approvals.wait(request_id, hold_s))
        gone = asyncio.ensure_future(caller.gone())
        try:
            done, _ = await asyncio.wait({decided, gone}, return_when=asyncio.FIRST_COMPLETED)
            if decided in done:
                return str(decided.result())
            await self._approvals.caller_gone(request_id)
            return "GONE"
        finally:
            decided.cancel()
            gone.cancel()

    async def _unapproved(self, request_id: str, link: str, state: str, facts: Facts) -> Refusal:
        if state == "GONE":
            return Refusal("57014", "canceled while held for approval", "", request_id, "PENDING", facts.classes)
        if state == "PENDING":
            return Refusal(
                WAITING,
                f"still waiting for approval: request {request_id}, {link}",
                "repeat the identical statement once it is approved",
                request_id,
                state,
                facts.classes,
                30,
            )
        if state == "DENIED":
            reason = await self._approvals.denial_reason(request_id)
            return Refusal(
                DENIED, f"denied by a reviewer: {reason or 'no reason given'}", "", request_id, state, facts.classes
            )
        return Refusal(
            EXPIRED, f"request {request_id} is {state.lower()}", "ask again", request_id, state, facts.classes
        )

    async def redeem(
        self, ticket: Ticket, shapes: MutableMapping[object, Shape], transaction: str = ""
    ) -> Pass | Refusal:
        """Use the ticket: consume the grant or write the intent, durable when this returns. Fails closed.

        `transaction` is the upstream's own name for the transaction that this will run in, where it has one.
        """
        if self.stopped:
            return _stopped()
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
                    return _from_refusal(consumed, ticket.facts)
                return Pass(decision, consumed, None, ticket.request_id, self._finisher(consumed))
            now = self.decide(action.requester, ticket.facts, ticket.wishes, glass=bool(ticket.glass_id))
            if not now.allowed or now.masked - decision.masked:
                return Refusal(EXPIRED, "the policy changed while this was waiting", "repeat the statement")
            if ticket.by_shape:
                key = (ticket.facts, decision.policy_digest, tuple(sorted(action.operators.items())))
                shape = shapes.get(key)
                if shape is None:
                    shape = await self._shapes.open(_shape_facts(ticket, self._catalog_digest()))
                    shapes[key] = shape
                return Pass(decision, None, shape)
            recorded = await self._approvals.record(
                action,
                decision,
                catalog_digest=self._catalog_digest(),
                glass_id=ticket.glass_id,
                looked_up=ticket.facts.looked_up,
            )
            if isinstance(recorded, ApprovalRefusal):
                return _from_refusal(recorded, ticket.facts)
            return Pass(decision, recorded, None, "", self._finisher(recorded))
        except LockgateError as error:
            return Refusal(FAILED, "Lockgate could not record this, so nothing was executed", error.hint or "try again")

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
        """Whether the requester may write any of these relations without asking anybody (tokens depend on it)."""
        return any(
            self.decide(
                requester,
                Facts((Question("sql.write", resource),), frozenset(), frozenset(), frozenset()),
                Wishes(),
            ).allowed
            for resource in resources
        )


def _query(requester: Requester, facts: Facts, wishes: Wishes, glass: bool) -> Query:
    return Query(
        requester=requester,
        questions=facts.questions,
        probes=facts.probes,
        lookups=facts.lookups,
        classes=facts.classes,
        reveal=wishes.reveal & facts.classes,
        context=Context(
            purpose=wishes.purpose,
            break_glass=glass,
            classes=facts.classes,
            rows=facts.estimated_rows,
            destination=facts.destination,
            address=requester.client_address,
        ),
        clean=facts.clean,
    )


def _by_shape(facts: Facts, decision: Decision) -> bool:
    return (
        all(q.operation in AUDITED_BY_SHAPE for q in facts.questions)
        and not facts.probes
        and not facts.lookups
        and not decision.revealed
    )


def _shape_facts(ticket: Ticket, catalog_digest: str) -> dict[str, JSON]:
    action = ticket.action
    return {
        "connection": action.connection,
        "principal": action.requester.principal.id,
        "actors": [actor.id for actor in action.requester.actors],
        "credential": action.requester.credential_id,
        "operation": action.operation,
        "questions": [[q.operation, q.resource] for q in action.questions],
        "classes": sorted(action.classes),
        "revealed": [],
        "policy": ticket.decision.policy_digest,
        "catalog": catalog_digest,
    }


def _stopped() -> Refusal:
    return Refusal(FAILED, "the kill switch is on: nothing is executed", "ask whoever turned it on")


def _why(decision: Decision) -> str:
    titles = ", ".join(reason.title or reason.policy_id for reason in decision.reasons)
    return f"forbidden by policy: {titles or NEVER_WITHOUT_PEOPLE}"


def _way_out(facts: Facts, wishes: Wishes) -> str:
    if wishes.reveal & facts.classes:
        return "leave lockgate.reveal empty to read it masked"
    if facts.code:
        return f"not known to be safe, so it counts as code: {', '.join(sorted(facts.code)[:5])}"
    if facts.probes:
        return f"do not search by {', '.join(sorted(facts.probes))}"
    return "ask whoever keeps the policy; nobody can approve this"


def _from_refusal(refusal: ApprovalRefusal, facts: Facts) -> Refusal:
    return Refusal(
        refusal.code,
        refusal.message,
        refusal.hint,
        refusal.request_id,
        refusal.state,
        facts.classes,
    )
