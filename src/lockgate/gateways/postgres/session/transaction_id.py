"""The transaction of a held write, known before the write: after a crash, `pg_xact_status` says what became of it.

Before a batch, the id is asked for by extended messages without a Sync, so that it belongs to the very transaction
that the batch then runs in. A simple query behind them confuses PostgreSQL 18 ("unexpected state STARTED"), so it is
given a block of its own instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.gateways.postgres.answers import Kind, Part, Run, Step
from lockgate.gateways.postgres.classify.barriers import READS_ROWS
from lockgate.gateways.postgres.classify.parse import walk
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

NAME = "lockgate_transaction"
ASK = b"SELECT pg_catalog.pg_current_xact_id()::text, pg_catalog.pg_logical_emit_message(false, 'lockgate', ''::text"
FLUSHED = b", true)"
"""Taking an id writes nothing: after a crash the server would give the same one to the next transaction, and
`pg_xact_status` would tell of that one. So a record follows it, which carries the id along, and is flushed."""
FLUSH = "SELECT pg_catalog.pg_logical_emit_message(true, 'lockgate', ''::text)"
"""Before PostgreSQL 17 only a commit flushes, so another connection commits this."""
KNOWS_FLUSH = 17
IDLE, FAILED_TRANSACTION = ord("I"), ord("E")

WRITING = frozenset({"write", "copy_in", "ddl", "drop", "grant", "temp"})
"""CALL and DO may commit by themselves, so one id would not tell what became of them."""
OWN_TRANSACTIONS = frozenset(
    "VacuumStmt ReindexStmt ClusterStmt DropdbStmt DropTableSpaceStmt DropSubscriptionStmt".split()
)
"""What the server runs outside of any transaction that somebody began."""


def wants_id(statements: Sequence[Statement]) -> bool:
    """Whether these write, all in the one transaction that surrounds them."""
    return any(s.classified.kind in WRITING for s in statements) and not any(map(_runs_alone, statements))


def _runs_alone(statement: Statement) -> bool:
    parsed = statement.parsed
    return (
        statement.classified.kind in ("transaction", "code")
        or parsed.node in OWN_TRANSACTIONS
        or bool(parsed.tree.get("concurrent"))
        or any(fields.get("concurrent") for _, fields in walk(dict(parsed.tree)))
    )


async def before_simple(session: Session, statements: Sequence[Statement]) -> str:
    """Begin the block in which a simple query runs, and name its transaction; `closing` ends it behind the query.

    Empty where there is none: in a failed transaction, on a standby, and for rows that a client sends (what ends the
    block could not be sent with the query).
    """
    idle = session.status == IDLE
    if session.status == FAILED_TRANSACTION or (idle and any(s.classified.kind == READS_ROWS for s in statements)):
        return ""
    rows = await _ask(session, (b"BEGIN; " if idle else b"") + _question(session))
    session.began = idle
    if idle and not rows:
        await _ask(session, b"ROLLBACK")
        session.began = False
    return await _flushed(session, rows[0] if rows else "")


def closing(session: Session, run: Run | None, clear_errors: bool) -> tuple[bytes, list[Step]]:
    """What ends the block that was begun for a simple query: its answer is hidden, its errors are not."""
    session.began = False
    part = Part(clear_errors=clear_errors, run=run)
    return m.query(b"COMMIT"), [Step(Kind.QUERY, [part], hidden=True)]


async def before_extended(session: Session) -> str:
    """Name the transaction of the batch that follows, by messages without a Sync: the batch's own Sync commits it."""
    if session.status == FAILED_TRANSACTION:
        return ""
    await session.answers.drained()
    messages = await session.ask(
        m.close(b"S", NAME)
        + m.parse(NAME, _question(session), ())
        + m.bind(NAME, NAME, (), [], ())
        + m.execute(NAME, 0)
        + m.message("H"),
        ends=b"CE",
    )
    if any(kind == ord("E") for kind, _ in messages):
        # A standby gives none: the write is about to be refused there, in the server's own words.
        session.forward(m.sync(), [Step(Kind.SYNC, hides_ready=True)])
    return await _flushed(session, _text(messages))


def _question(session: Session) -> bytes:
    return ASK + (FLUSHED if _version(session) >= KNOWS_FLUSH else b")")


def _version(session: Session) -> int:
    written = session.upstream.parameters.get("server_version", "").partition(".")[0]
    return int(written) if written.isdecimal() else 0


async def _flushed(session: Session, name: str) -> str:
    if name and _version(session) < KNOWS_FLUSH:
        pool = SidePool(session.connection.target, size=1)
        try:
            async with pool.lend(SEARCH_PATH) as side:
                await side.fetch(FLUSH)
        finally:
            pool.close()
    return name


async def _ask(session: Session, sql: bytes) -> list[str]:
    await session.answers.drained()
    found = _text(await session.ask(m.query(sql)))
    return [found] if found else []


def _text(messages: Sequence[tuple[int, bytes]]) -> str:
    rows = [m.parse_data_row(body) for kind, body in messages if kind == ord("D")]
    return (rows[0][0] or b"").decode() if rows else ""
