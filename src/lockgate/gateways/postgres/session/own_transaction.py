"""The transaction in which a held statement runs: begun before it, so that its meaning stands still and it has a name.

Two things happen in it ahead of the client's bytes. The statement is parsed once more, which takes the locks that it
takes on every relation it reaches (ACCESS SHARE at least, through views too, whatever the role may select) and keeps
them to the end: from then on nobody redefines them. And a write's transaction is named, so that after a crash
`pg_xact_status` says what became of it.

Before a batch of the extended protocol these are messages without a Sync, which belong to the very transaction that
the batch then runs in. A simple query behind them confuses PostgreSQL 18 ("unexpected state STARTED"), so it is given
a block of its own instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.answers import Kind, Step
from lockgate.gateways.postgres.classify.barriers import READS_ROWS
from lockgate.gateways.postgres.classify.parse import walk
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.messages import FAILED, IDLE
from lockgate.gateways.postgres.wire.parsing import parse_data_row
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

NAME = "lockgate_transaction"
ASK = "SELECT pg_catalog.pg_current_xact_id()::text, pg_catalog.pg_logical_emit_message(false, 'lockgate', ''::text"
FLUSHED = ", true)"
"""Taking an id writes nothing: after a crash the server would give the same one to the next transaction, and
`pg_xact_status` would tell of that one. So a record follows it, which carries the id along, and is flushed."""
FLUSH = "SELECT pg_catalog.pg_logical_emit_message(true, 'lockgate', ''::text)"
"""Before PostgreSQL 17 only a commit flushes, so another connection commits this."""
KNOWS_FLUSH = 17
BEGIN = b"BEGIN"

WRITING = frozenset({"write", "copy_in", "ddl", "drop", "grant", "temp"})
"""CALL and DO may commit by themselves, so one id would not tell what became of them."""
OWN_TRANSACTIONS = frozenset(
    "VacuumStmt ReindexStmt ClusterStmt DropdbStmt DropTableSpaceStmt DropSubscriptionStmt".split()
)
"""What the server runs outside of any transaction that somebody began."""


class OwnTransaction:
    """Of one message or batch; `extended` says by which protocol it comes, `rows_known` that the rows of a COPY FROM
    STDIN are here already."""

    def __init__(
        self, session: Session, statements: Sequence[Statement], *, extended: bool, rows_known: bool = False
    ) -> None:
        self._session = session
        self._statements = [s.executes or s for s in statements]
        self._extended = extended
        self.sends_rows = not rows_known and any(s.classified.kind == READS_ROWS for s in self._statements)
        """Whether the client sends rows behind it, so that it has not run when its message was answered."""
        self.entered = False
        """Whether there is one, so that locks last and a name means something."""

    async def enter(self) -> None:
        """Begin it, unless the session is in one; not around what ends transactions by itself, nor for rows that a
        client sends in a simple COPY (what ends the block could not be sent with the query)."""
        session = self._session
        idle = session.status == IDLE
        if session.status == FAILED or any(map(_runs_alone, self._statements)):
            return
        if session.upstream.parameters.get("in_hot_standby") == "on" and self._writes:
            return  # a standby takes no such lock, gives no name, and is about to refuse the write in its own words
        if idle and self.sends_rows and not self._extended:
            return
        await session.answers.drained()
        if idle and not self._extended:
            answer = await session.ask(m.query(BEGIN))
            if any(kind == ord("E") for kind, _ in answer):
                # A cancel request may meet it: nothing would hold locks, and the statement would commit by itself.
                raise ProtocolError("the transaction of a held statement could not be begun")
            session.began = True
        self.entered = True

    async def lock(self) -> bool:
        """Hold still what the statements reach; False when one of them cannot even be parsed any more."""
        for statement in self._statements if self.entered else ():
            text, analysis = statement.classified.inner, statement.analysis
            if text is None or analysis is None:
                continue
            asked = m.close(b"S", NAME) + m.parse(NAME, text.encode(), analysis.parameter_oids)
            if await self._ask(asked, b"1") is None:
                return False
        return True

    async def name(self) -> str:
        """The name under which the server knows it; empty where there is none."""
        if not (self.entered and self._writes):
            return ""
        knows = _version(self._session) >= KNOWS_FLUSH
        question = (ASK + (FLUSHED if knows else ")")).encode()
        asked = m.close(b"S", NAME) + m.parse(NAME, question, ())
        asked += m.bind(NAME, NAME, (), [], ()) + m.execute(NAME, 0)
        name = _text(await self._ask(asked, b"C") or ())
        if name and not knows:
            await self._flush()
        return name

    @property
    def _writes(self) -> bool:
        return any(s.classified.kind in WRITING for s in self._statements)

    async def _ask(self, messages: bytes, last: bytes) -> list[tuple[int, bytes]] | None:
        """The answer, whose last message is of the kind `last`; None for an error."""
        session = self._session
        if not self._extended:
            answer = await session.ask(messages + m.sync())
        else:
            answer = await session.ask(messages + m.message("H"), ends=b"E" + last)
        if not any(kind == ord("E") for kind, _ in answer):
            return answer
        if self._extended:
            # The server would skip what follows, up to a Sync.
            session.forward(m.sync(), [Step(Kind.SYNC, hides_ready=True)])
        return None

    async def _flush(self) -> None:
        pool = SidePool(self._session.connection.target, size=1)
        try:
            async with pool.lend(SEARCH_PATH) as side:
                await side.fetch(FLUSH)
        finally:
            pool.close()


def _runs_alone(statement: Statement) -> bool:
    parsed = statement.parsed
    return (
        statement.classified.kind in ("transaction", "code")
        or parsed.node in OWN_TRANSACTIONS
        or bool(parsed.tree.get("concurrent"))
        or any(fields.get("concurrent") for _, fields in walk(dict(parsed.tree)))
    )


def _version(session: Session) -> int:
    written = session.upstream.parameters.get("server_version", "").partition(".")[0]
    return int(written) if written.isdecimal() else 0


def _text(messages: Sequence[tuple[int, bytes]]) -> str:
    rows = [parse_data_row(body) for kind, body in messages if kind == ord("D")]
    return (rows[0][0] or b"").decode() if rows else ""
