"""From what a statement does to leave to run it: the action is built here, and the pipeline answers.

`admit` decides and, where people must be asked, waits for them; `redeem` uses the grant and writes the intent, last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.action import Action, Question
from lockgate.gateways.postgres import replies
from lockgate.gateways.postgres.answers import Part, Run
from lockgate.gateways.postgres.records import Prepared, Statement
from lockgate.gateways.postgres.tokens import written_token
from lockgate.gateways.postgres.treatment import Treatment, harmless, treat, unproven
from lockgate.pipeline import Facts, Held, Pass, Refusal, Ticket
from lockgate.services.shapes import Shape

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session import Session

WRITES = frozenset({"sql.write", "sql.ddl", "sql.drop", "sql.grant", "sql.code", "sql.admin", "sql.files", "sql.temp"})


@dataclass(slots=True)
class Passed:
    """A redeemed ticket: the decision's masks apply, and `run` tells the log what became of it."""

    admission: Pass
    run: Run | None
    shape: Shape | None


def facts_of(session: Session, statements: Sequence[Statement]) -> Facts:
    """The union over the statements of one message."""
    questions: set[Question] = set()
    classes: set[str] = set()
    probes: set[str] = set()
    lookups: set[str] = set()
    rows = 0
    for statement in statements:
        questions.update(statement.questions(session.connection.name))
        if statement.analysis is not None:
            classes |= statement.analysis.classes
            probes |= statement.analysis.probes
            lookups |= statement.analysis.lookups
            rows = max(rows, statement.analysis.estimated_rows)
    return Facts(
        questions=tuple(sorted(questions)),
        classes=frozenset(classes),
        probes=frozenset(probes),
        lookups=frozenset(lookups),
        estimated_rows=rows,
    )


async def admit(
    session: Session,
    statements: Sequence[Statement],
    payload: bytes,
    values: Sequence[bytes | None],
    formats: Sequence[int] = (),
) -> Ticket | Refusal:
    """Decide; hold where policy wants people. A Ticket is a promise that `redeem` checks again."""
    column = written_token(statements, values)
    if column:
        return Refusal("LG002", f"{column} would be written with a masked value", f"leave {column} out of the statement")
    facts = facts_of(session, statements)
    wrote = session.wrote
    hold_s = session.connection.hold_s(session.requester)
    wishes = session.settings.wishes(may_wait=not wrote, hold_s=hold_s)
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
    )
    return await session.gateway.pipeline.ask(
        action,
        facts,
        wishes,
        caller=SessionCaller(session),
        describe=lambda: session.connection.resolver.view(session, statements),
        audit_each=session.connection.audit == "each",
    )


async def redeem(session: Session, ticket: Ticket) -> Passed | Refusal:
    """Consume the grant or write the intent; what is returned may be sent at once, and only that."""
    passed = await session.gateway.pipeline.redeem(ticket, session.shapes)
    if isinstance(passed, Refusal):
        return passed
    if any(q.operation in WRITES for q in ticket.action.questions):
        session.wrote = True
    if passed.shape is not None:
        shape = passed.shape
        shape.runs += 1
        return Passed(passed, None, shape)
    return Passed(passed, Run(_finisher(session, passed)), None)


def part_for(session: Session, statement: Statement, passed: Passed) -> Part:
    """How this statement's rows and errors are shown under the decision it got."""
    decision = passed.admission.decision
    connection = session.connection
    part = Part(clear_errors=not statement.touches, copy_options=statement.classified.copy_options)
    kind = statement.classified.kind
    key = connection.mask_key(session.requester)
    if kind == "fetch":
        part.treatment = session.registry.cursors.get(statement.classified.name, unproven(key))
        part.clear_errors = False
    elif statement.analysis is not None:
        writable = session.gateway.pipeline.may_write(session.requester, connection.name, statement.analysis)
        part.treatment = treat(
            statement.analysis.outputs,
            statement.analysis.fields,
            decision,
            connection.operators,
            writable,
            key,
        )
    elif kind in ("show", "explain"):
        part.treatment = harmless(key)
    return part


def after(session: Session, statement: Statement, prepared: Prepared | None) -> Callable[[bytes], None] | None:
    """What the gateway's own record must learn once the server has completed this statement."""
    classified = statement.classified
    registry = session.registry
    kind = classified.kind

    def done(tag: bytes) -> None:
        if kind == "transaction":
            if tag == b"ROLLBACK":
                session.rolled_back()
            session.settings.dirty = True
        elif kind in ("set", "reset", "discard"):
            session.settings.dirty = True
            if tag == b"DISCARD ALL":
                registry.clear()
                session.fast.clear()
                session.local_objects = False
        elif kind == "prepare" and classified.name:
            inner = Statement(statement.text, classified, statement.analysis, statement.generation)
            registry.prepared[classified.name.encode()] = Prepared(
                classified.name.encode(), b"", (), (inner,), session.settings.search_path
            )
        elif kind == "deallocate":
            if classified.name:
                registry.prepared.pop(classified.name.encode(), None)
            else:
                registry.prepared.clear()
            session.fast.clear()
        elif kind == "close":
            if classified.name:
                registry.cursors.pop(classified.name, None)
            else:
                registry.cursors.clear()
        elif kind in ("ddl", "drop", "temp"):
            session.local_objects = True
            session.gateway.schema_changed()

    return done if kind not in ("select", "write") else None


def shape_only(passed: Passed, part: Part) -> bool:
    """Whether every further run needs no look: recorded by shape, nothing masked, errors readable."""
    return (
        passed.shape is not None
        and part.clear_errors
        and part.plan is None
        and part.completed is None
        and (part.treatment is None or not part.treatment.masks)
    )


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
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _finisher(session: Session, passed: Pass) -> Callable[[bool, int, int, str], None]:
    def finish(succeeded: bool, rows: int, bytes_: int, code: str) -> None:
        session.gateway.in_background(
            passed.finish("SUCCEEDED" if succeeded else "FAILED", rows, bytes_, code if code else "")
        )

    return finish


__all__ = ["Passed", "SessionCaller", "Ticket", "Treatment", "admit", "after", "part_for", "redeem", "shape_only"]
