"""From what a statement does to leave to run it: the action is built here, and the pipeline answers.

`admit` decides and, where people must be asked, waits for them; `redeem` uses the grant and writes the intent, last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.action import Action, Decision, Question
from lockgate.gateways.postgres.answers.walk import Part, Run
from lockgate.gateways.postgres.classify.barriers import OBJECTS
from lockgate.gateways.postgres.classify.render import render
from lockgate.gateways.postgres.lineage.model import Analysis
from lockgate.gateways.postgres.masking.tokens import any_token
from lockgate.gateways.postgres.masking.treatment import Treatment, harmless, treat, unproven
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.looked_up import looked_up
from lockgate.gateways.postgres.session.records import Prepared, Statement
from lockgate.gateways.postgres.session.transaction_id import wants_id
from lockgate.pipeline import Facts, Held, Pass, Refusal, Ticket
from lockgate.services.shapes import Shape
from lockgate.services.views import ViewFacts

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

WRITES = frozenset({"sql.write", "sql.ddl", "sql.drop", "sql.grant", "sql.code", "sql.admin", "sql.files", "sql.temp"})


READS_NOTHING = frozenset(
    "transaction set reset show requests discard deallocate close notify temp lock select".split()
)
"""Kinds of statement whose errors can quote nothing but the client's own words, when there is nothing to analyse."""


@dataclass(slots=True)
class Passed:
    """A redeemed ticket: the decision's masks apply, and `run` tells the log what became of it."""

    admission: Pass
    run: Run | None
    shape: Shape | None


def facts_of(session: Session, statements: Sequence[Statement], records: int = 0) -> Facts:
    """The union over the statements of one message."""
    questions: set[Question] = set()
    classes: set[str] = set()
    probes: set[str] = set()
    lookups: set[str] = set()
    clean: set[str] = set()
    code: set[str] = set()
    joined: set[str] = set()
    relations: set[str] = set()
    own = False
    rows = 0
    for statement in statements:
        questions.update(statement.questions(session.connection.name))
        if statement.analysis is not None:
            classes |= statement.analysis.classes
            probes |= statement.analysis.probes
            lookups |= statement.analysis.lookups
            clean |= statement.analysis.clean
            code |= statement.analysis.code
            joined |= statement.analysis.joined
            relations |= statement.analysis.relations
            own = own or statement.analysis.own
            rows = max(rows, statement.analysis.estimated_rows)
    if joined and (own or session.gateway.pipeline.may_write(session.requester, frozenset(relations))):
        # Whoever can write one side of a comparison can search the other by it.
        probes |= joined
    return Facts(
        questions=tuple(sorted(questions or {Question("sql.session", session.connection.name)})),
        classes=frozenset(classes),
        probes=frozenset(probes),
        lookups=frozenset(lookups),
        clean=frozenset(clean),
        code=frozenset(code),
        estimated_rows=rows,
        looked_up=records,
    )


async def admit(
    session: Session,
    statements: Sequence[Statement],
    payload: bytes,
    values: Sequence[bytes | None],
    formats: Sequence[int] = (),
) -> Ticket | Refusal:
    """Decide; hold where policy wants people. A Ticket is a promise that `redeem` checks again."""
    facts = facts_of(session, statements, looked_up(statements, values, formats))
    writes = any(q.operation in ("sql.write", "sql.temp") for q in facts.questions)
    if (writes or facts.lookups or facts.probes) and any_token(payload, values):
        return Refusal(
            "LG002",
            "the statement holds a masked value, which is no value of the database",
            "write or compare the real value, or leave that column out",
        )
    wrote = session.wrote
    hold_s = session.connection.hold_s(session.requester)
    may_wait = not wrote and session.connection.may_hold()
    wishes = session.settings.wishes(may_wait=may_wait, hold_s=hold_s)
    action = Action(
        tenant=session.gateway.tenant,
        connection=session.connection.name,
        upstream=session.connection.target.identity,
        requester=session.requester,
        questions=facts.questions,
        payload=payload,
        classes=facts.classes,
        probes=facts.probes,
        reveal=wishes.reveal & facts.classes,
        operators=session.connection.operators_for(facts.classes),
        preconditions=[s.analysis.preconditions for s in statements if s.analysis is not None],
        purpose=wishes.purpose,
        row_cap=wishes.most_rows,
        byte_cap=wishes.most_bytes,
    )
    return await session.gateway.pipeline.ask(
        action,
        facts,
        wishes,
        caller=SessionCaller(session),
        describe=lambda: view_of(session, statements, facts),
        audit_each=session.connection.audit == "each",
    )


async def redeem(
    session: Session, ticket: Ticket, statements: Sequence[Statement], begin: Callable[[], Awaitable[str]]
) -> Passed | Refusal:
    """Consume the grant or write the intent; what is returned may be sent at once, and only that.

    `begin` begins and names the transaction that a held write will run in (`transaction_id`).
    People may have taken hours: what the statement's meaning rests on is looked at again before the grant is used.
    """
    if ticket.request_id and await _meaning_changed(session, statements):
        return Refusal(
            "LG004",
            "a table, view or function that this rests on changed while it waited",
            "repeat the statement; it will be asked for anew",
            ticket.request_id,
            "INVALIDATED",
        )
    transaction = ""
    if ticket.request_id and wants_id(statements):
        transaction = await begin()
    passed = await session.gateway.pipeline.redeem(ticket, session.shapes, transaction)
    if isinstance(passed, Refusal):
        return passed
    writes = any(q.operation in WRITES for q in ticket.action.questions)
    if writes:
        session.wrote = True
        session.leave_fast_path()
    if passed.shape is not None:
        shape = passed.shape
        shape.runs += 1
        return Passed(passed, None, shape)
    caps = ticket.action.row_cap, ticket.action.byte_cap
    return Passed(passed, Run(_finisher(session, passed), writes, *caps), None)


def view_of(session: Session, statements: Sequence[Statement], facts: Facts) -> ViewFacts:
    """What a reviewer may see of it: rendered from the tree, with no literal in it."""
    flags = []
    if facts.probes:
        flags.append(f"searches by hidden values: {', '.join(sorted(facts.probes))}")
    if len(statements) > 1:
        flags.append(f"{len(statements)} statements in one message")
    return ViewFacts(
        statement_masked=";\n".join(render(statement.parsed) for statement in statements),
        resources=tuple(sorted({q.resource for q in facts.questions})),
        classes=facts.classes,
        estimated_rows=facts.estimated_rows,
        destination=f"the client at {session.requester.client_address or 'a local socket'}",
        flags=tuple(flags),
        reason=session.settings.reason,
    )


async def _meaning_changed(session: Session, statements: Sequence[Statement]) -> bool:
    """Whether any relation, view or function reached is no longer what it was when people were asked."""
    resolver = session.connection.resolver
    if await session.connection.check_schema():
        session.gateway.schema_or_policy_changed()
    for statement in statements:
        if statement.analysis is None or statement.generation == resolver.generation:
            continue
        again = await resolver.resolve(session, statement.text.encode(), statement.analysis.parameter_oids)
        if not isinstance(again, tuple) or again[0].analysis is None:
            return True
        if again[0].analysis.preconditions != statement.analysis.preconditions:
            return True
    return False


def part_for(session: Session, statement: Statement, passed: Passed) -> Part:
    """How this statement's rows and errors are shown under the decision it got."""
    decision = passed.admission.decision
    connection = session.connection
    kind = statement.classified.kind
    analysis = statement.analysis
    # What is not analysed may read anything: CREATE UNIQUE INDEX quotes the value that stands twice.
    readable = kind in READS_NOTHING if analysis is None else not statement.touches
    part = Part(clear_errors=readable, copy_options=statement.classified.copy)
    key = connection.mask_key(session.requester)
    if kind == "fetch":
        part.treatment = session.registry.cursors.get(statement.classified.name, unproven(key))
        part.clear_errors = False
    elif kind == "show" or kind == "requests":
        part.treatment = harmless(key)
    elif kind == "explain" and analysis is not None:
        # A plan quotes the client's own constants and estimates; with ANALYZE or a search it counts real rows.
        told = statement.classified.runs or analysis.probes or analysis.lookups
        part.treatment = unproven(key) if analysis.touches and told else harmless(key)
    elif analysis is not None and kind != "declare":
        part.treatment = _treated(session, analysis, decision)
    elif analysis is not None:
        # Known from here on, so that a FETCH in the same batch never meets an older cursor's treatment.
        part.treatment = session.registry.cursors[statement.classified.name] = _treated(session, analysis, decision)
    return part


def _treated(session: Session, analysis: Analysis, decision: Decision) -> Treatment:
    connection = session.connection
    return treat(
        analysis.outputs,
        analysis.fields,
        decision,
        connection.operators,
        analysis.own or session.gateway.pipeline.may_write(session.requester, analysis.relations),
        connection.mask_key(session.requester),
    )


def after(session: Session, statement: Statement, part: Part) -> Callable[[bytes], None] | None:
    """What the gateway's own record must learn once the server has completed this statement."""
    classified = statement.classified
    kind = classified.kind
    if kind in ("select", "write", "export", "copy_in", "show", "explain", "fetch", "set", "reset"):
        return None
    registry = session.registry
    name = classified.name.encode()

    def done(tag: bytes) -> None:
        if tag == b"ROLLBACK":
            session.rolled_back()
        elif tag == b"DISCARD ALL":
            registry.clear()
            session.leave_fast_path()
            session.local_objects = False
            session.temporary.forget()
        elif kind == "prepare":
            registry.prepared[name] = Prepared(
                name, (classified.inner or "").encode(), (), (statement,), session.settings.search_path
            )
        elif kind == "deallocate":
            session.fast.clear()
            if classified.whole:
                registry.prepared.clear()
            else:
                registry.prepared.pop(name, None)
        elif kind == "close":
            if classified.whole:
                registry.cursors.clear()
            else:
                registry.cursors.pop(classified.name, None)
        elif kind in OBJECTS:
            session.gateway.schema_changed(session.connection)
            _remember_temporary(session, statement)

    return done


def _remember_temporary(session: Session, statement: Statement) -> None:
    classified = statement.classified
    if classified.kind != "temp":
        session.temporary.forget()
    elif classified.temporary and statement.analysis is not None and not classified.if_missing:
        session.temporary.made(classified.temporary, statement.analysis.outputs)
    elif classified.temporary:
        session.temporary.doubtful(classified.temporary)


def shape_only(passed: Passed, part: Part) -> Shape | None:
    """The shape to count on, where no further run needs a look: nothing masked, nothing to learn, errors readable."""
    plain = part.plan is None and part.completed is None and (part.treatment is None or not part.treatment.masks)
    return passed.shape if plain and part.clear_errors else None


@dataclass(slots=True)
class SessionCaller:
    """The client as one who waits: told by a notice; gone when it cancels or hangs up."""

    session: Session

    async def told(self, held: Held) -> None:
        self.session.client.write(replies.held(held))

    async def gone(self) -> None:
        waits = [
            asyncio.ensure_future(self.session.cancelled.wait()),
            asyncio.ensure_future(self.session.ended.wait()),
        ]
        self.session.connection.held += 1
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.session.connection.held -= 1
            for wait in waits:
                wait.cancel()


def _finisher(session: Session, passed: Pass) -> Callable[[str, int, int, str], None]:
    def finish(outcome: str, rows: int, bytes_: int, code: str) -> None:
        session.gateway.in_background(passed.finish(outcome, rows, bytes_, code))
        if outcome == "UNKNOWN":
            session.connection.settle_soon()

    return finish


__all__ = ["Passed", "SessionCaller", "Ticket", "admit", "after", "part_for", "redeem", "shape_only"]
