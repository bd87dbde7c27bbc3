"""The rows of a COPY … FROM STDIN that people are asked about: kept before, so that they approve these and no others.

A client sends rows only once it was told to. Where policy asks people, the gateway tells it so in the server's place,
keeps what comes (to a limit), and the digest of the rows is part of the payload that an approval binds to. Upstream
the statement and its rows go together, after the approval. Where nobody is asked, rows stream through as they come.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockgate.action import Effect
from lockgate.gateways.postgres.classify.barriers import READS_ROWS
from lockgate.gateways.postgres.classify.nodes import Fields, one, qualified
from lockgate.gateways.postgres.masking.tokens import TokenWatch
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session import replies
from lockgate.gateways.postgres.session.deciding import question_of
from lockgate.gateways.postgres.wire import messages as m

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

MOST_BYTES = 16 << 20
"""What is kept for one session while people decide."""
MOST_TOGETHER_BYTES = 256 << 20
"""What is kept for all sessions of one connection."""
TOO_MANY = f"more than {MOST_BYTES >> 20} MB of rows cannot wait for people"
ENDED = "COPY from stdin failed: the client ended it"
UNEXPECTED = "unexpected message during COPY FROM STDIN"
COLUMNS = """
SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
"""


@dataclass(slots=True)
class CopiedRows:
    """`messages` are the client's own, CopyData and the CopyDone behind them, as they go upstream."""

    messages: list[bytes] = field(default_factory=list)
    size: int = 0
    """In bytes."""
    lines: int = 0
    kept: int = 0
    refused: bytes = b""
    """An ErrorResponse, where these rows are not to be sent at all."""

    def digest(self) -> bytes:
        """Of the rows, however the client cut them into messages."""
        found = hashlib.sha256()
        for raw in self.messages:
            if raw[:1] == b"d":
                found.update(raw[5:])
        return found.digest()

    @property
    def told(self) -> str:
        """What a reviewer is told of them; the rows themselves are not shown."""
        return f"brings {self.size:,} bytes of rows along (about {self.lines:,} lines), which are not shown"


def must_wait(session: Session, statements: tuple[Statement, ...]) -> bool:
    """Whether this is a COPY FROM STDIN, alone in its message, that people are to be asked about."""
    if len(statements) != 1 or statements[0].classified.kind != READS_ROWS:
        return False
    facts, wishes = question_of(session, statements)
    return session.gateway.pipeline.decide(session.requester, facts, wishes).effect is Effect.REQUIRE


@asynccontextmanager
async def collected(session: Session, statements: tuple[Statement, ...]) -> AsyncIterator[CopiedRows | None]:
    """The rows of a statement that must wait for people, kept while this lasts; None for any other statement."""
    if not must_wait(session, statements):
        yield None
        return
    rows = CopiedRows()
    try:
        await _collect(session, statements[0], rows)
        yield rows
    finally:
        session.connection.kept_bytes -= rows.kept


async def _collect(session: Session, statement: Statement, rows: CopiedRows) -> None:
    """Ask the client for its rows and keep them, to the last."""
    session.client.write(await _copy_in_response(session, statement))
    watch = TokenWatch()
    while True:
        batch = await session.inbox.batch()
        if batch is None:
            rows.refused = replies.server_error("57014", ENDED)
            return
        for kind, raw in batch:
            if kind == ord("d"):
                _keep(session, rows, raw, watch)
            elif kind == ord("c"):
                rows.messages.append(raw)
                return
            elif kind == ord("f"):
                rows.refused = replies.server_error("57014", ENDED)
                return
            elif kind not in b"SH":
                rows.refused = replies.server_error("08P01", UNEXPECTED)
                session.cut("08P01", UNEXPECTED)
                return


def _keep(session: Session, rows: CopiedRows, raw: bytes, watch: TokenWatch) -> None:
    """Whatever is refused already is read to its end, and not kept."""
    if rows.refused:
        return
    rows.size += len(raw) - 5
    rows.lines += raw.count(b"\n", 5)
    if watch.sees(raw[5:]):
        rows.refused = replies.refusal(replies.masked_value())
    elif rows.size > MOST_BYTES or session.connection.kept_bytes + len(raw) > MOST_TOGETHER_BYTES:
        rows.refused = replies.server_error("54000", TOO_MANY, hint="copy them in several parts")
    else:
        rows.messages.append(raw)
        rows.kept += len(raw)
        session.connection.kept_bytes += len(raw)
        return
    rows.messages.clear()


async def _copy_in_response(session: Session, statement: Statement) -> bytes:
    copy = statement.classified.copy or {}
    named = copy.get("attlist")
    if isinstance(named, list) and named:
        columns = len(named)
    else:
        relation = copy.get("relation")
        async with session.connection.resolver.pool.lend(session.settings.search_path) as side:
            found = await side.fetch(COLUMNS, qualified(relation if isinstance(relation, dict) else {}))
        columns = int(found[0][0] or 0)
    binary = int(_is_binary(copy))
    body = bytes([binary]) + columns.to_bytes(2, "big") + binary.to_bytes(2, "big") * columns
    return m.message("G", body)


def _is_binary(copy: Fields) -> bool:
    options = copy.get("options")
    for option in options if isinstance(options, list) else ():
        _, fields = one(option)
        if fields.get("defname") == "format" and "binary" in repr(fields.get("arg")):
            return True
    return False
