"""The simple protocol: one string, any number of statements, decided as one action before its first byte goes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.gateways.postgres.answers import Kind, Part, Step
from lockgate.gateways.postgres.resolve.resolver import TOO_LONG_TEXT, Problem
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.copied_rows import CopiedRows, collected
from lockgate.gateways.postgres.session.deciding import Watched, admit, after, part_for, redeem, shape_only
from lockgate.gateways.postgres.session.inbox import TOO_LONG
from lockgate.gateways.postgres.session.records import frame
from lockgate.gateways.postgres.session.unsettled import sending
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.messages import FAILED
from lockgate.pipeline import Refusal

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


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
    if session.dump is not None and raw is not TOO_LONG and await session.dump.takes(session, text):
        return
    statements = TOO_LONG_TEXT if raw is TOO_LONG else await session.connection.resolver.resolve(session, text, ())
    if isinstance(statements, Problem):
        await refuse(
            session, replies.server_error(statements.sqlstate, statements.message, statements.position, statements.hint)
        )
        return
    async with collected(session, statements) as rows:
        if rows is not None and rows.refused:
            await refuse(session, rows.refused)
        else:
            await _run(session, statements, text, rows)


async def _run(session: Session, statements: tuple[Statement, ...], text: bytes, rows: CopiedRows | None) -> None:
    payload = frame("simple", text, {"rows": rows.digest()} if rows else {})
    ticket = await admit(session, statements, payload, (), rows=rows.told if rows else "")
    passed = (
        ticket
        if isinstance(ticket, Refusal)
        else await redeem(session, ticket, statements, extended=False, rows_known=rows is not None)
    )
    if isinstance(passed, Refusal):
        await refuse(session, replies.refusal(passed))
        return
    parts: list[Part] = []
    for statement in statements:
        sending(session, statement)
        part = part_for(session, statement, passed)
        part.completed = after(session, statement)
        parts.append(part)
    if not statements:
        parts.append(Part())
    if len(statements) == 1 and statements[0].classified.kind == "select" and statements[0].analysis is not None:
        shape = shape_only(statements[0], passed, parts[0])
        if shape is not None:
            session.remember_text(text, statements[0].analysis.literals, shape)
    for part in parts:
        part.run, part.shape, part.last = passed.run, passed.shape, part is parts[-1]
    rewritten = session.connection.resolver.rewritten(session, statements, text)
    await _forward(session, rewritten, Step(Kind.QUERY, parts), passed.watched, rows)


async def refuse(session: Session, error: bytes) -> None:
    """Make the server reject something in place of what was refused."""
    await _forward(session, replies.REFUSED, Step(Kind.QUERY, refusal=error))


async def _forward(
    session: Session, text: bytes, step: Step, watched: Watched | None = None, rows: CopiedRows | None = None
) -> None:
    """Send it, and behind it what ends the block that was begun for it: that answer is hidden, its errors are not."""
    step.hides_ready = session.began or watched is not None
    step.asked_for_rows = rows is not None
    session.forward(m.query(text), [step])
    if rows is not None:
        await session.answers.drained()
        if session.answers.copy_in:
            session.answers.copy_in = False
            session.upstream.peer.write(b"".join(rows.messages))
    if not step.hides_ready:
        return
    moved = None
    if watched is not None:
        await session.answers.drained()
        moved = None if session.status == FAILED else await watched.moved()
    last = step.parts[-1] if step.parts else Part()
    if moved is not None:
        session.forward(m.query(replies.REFUSED), [Step(Kind.QUERY, refusal=moved, hides_ready=session.began)])
    if session.began:
        session.began = False
        ends = Step(Kind.QUERY, [Part(clear_errors=last.clear_errors, run=last.run)], hidden=True)
        session.forward(m.query(b"COMMIT"), [ends])
    elif moved is None:
        session.forward(m.query(b""), [Step(Kind.QUERY, [Part()], hidden=True)])
