"""The simple protocol: one string, any number of statements, decided as one action before its first byte goes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.gateways.postgres.answers import Kind, Part, Step
from lockgate.gateways.postgres.resolve.resolver import TOO_LONG_TEXT, Problem
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.deciding import admit, after, part_for, redeem, shape_only
from lockgate.gateways.postgres.session.inbox import TOO_LONG
from lockgate.gateways.postgres.session.records import frame
from lockgate.gateways.postgres.session.transaction_id import before_simple, closing
from lockgate.gateways.postgres.wire import messages as m
from lockgate.pipeline import Refusal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

REFUSED = b"refused by lockgate"
"""Text that no server can parse: it rejects this in place of what was refused, so that the state of its transaction
is the server's own (`BEGIN; UPDATE …; GRANT …` with the GRANT refused must not commit the UPDATE)."""


async def run_simple(session: Session, raw: bytes) -> None:
    """Decide a Query message and forward it, or make the server refuse in its place."""
    if raw is not TOO_LONG and not raw.endswith(b"\0"):
        session.cut("08P01", "invalid string in message")
        return
    text = raw[5:-1]
    if session.unsynced:
        # A simple query inside an unsynced pipeline would commit half of it.
        session.cut("08P01", "a simple query may not follow extended messages without Sync")
        return
    statements = TOO_LONG_TEXT if raw is TOO_LONG else await session.connection.resolver.resolve(session, text, ())
    if isinstance(statements, Problem):
        refuse(
            session, replies.server_error(statements.sqlstate, statements.message, statements.position, statements.hint)
        )
        return
    ticket = await admit(session, statements, frame("simple", text), ())
    passed = (
        ticket
        if isinstance(ticket, Refusal)
        else await redeem(session, ticket, statements, lambda: before_simple(session, statements))
    )
    if isinstance(passed, Refusal):
        refuse(session, replies.refusal(passed))
        return
    parts: list[Part] = []
    for statement in statements:
        session.sending(statement)
        part = part_for(session, statement, passed)
        part.completed = after(session, statement)
        parts.append(part)
    if len(statements) == 1 and statements[0].classified.kind == "select" and statements[0].analysis is not None:
        shape = shape_only(passed, parts[0])
        if shape is not None:
            session.remember_text(text, statements[0].analysis.literals, shape)
    if statements and passed.run is not None:
        parts[-1].run = passed.run
    _forward(session, session.connection.resolver.rewritten(session, statements, text), Step(Kind.QUERY, parts))


def refuse(session: Session, error: bytes) -> None:
    _forward(session, REFUSED, Step(Kind.QUERY, refusal=error))


def _forward(session: Session, text: bytes, step: Step) -> None:
    if not session.began:
        session.forward(m.query(text), [step])
        return
    last = step.parts[-1] if step.parts else Part()
    out, steps = closing(session, last.run, last.clear_errors)
    step.hides_ready = True
    session.forward(m.query(text) + out, [step, *steps])
