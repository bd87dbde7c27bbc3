"""The session itself as the analysis's side: inside a savepoint that is always rolled back, between two batches.

Needed once the session sees objects that no other connection can: its temporary tables, its uncommitted DDL.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.lineage.side import Described, ServerError
from lockgate.gateways.postgres.wire import messages as m

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

SAVEPOINT = "lockgate_analysis"
NAME = "lockgate_side"
"""A statement name of our own: the unnamed one may be the client's, waiting for its Bind."""


class InSession:
    """`async with InSession(session) as side:` opens the savepoint; leaving rolls back to it, whatever happened."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._was_idle = session.status == ord("I")

    async def __aenter__(self) -> InSession:
        await self._session.answers.drained()
        await self._simple("BEGIN" if self._was_idle else f"SAVEPOINT {SAVEPOINT}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._was_idle:
            await self._simple("ROLLBACK")
        else:
            await self._simple(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            await self._simple(f"RELEASE SAVEPOINT {SAVEPOINT}")

    async def fetch(self, sql: str, *args: str | None) -> list[tuple[str | None, ...]]:
        if sql.strip().upper() in ("BEGIN", "ROLLBACK"):
            return []  # the savepoint is this side's transaction
        values = [None if a is None else a.encode() for a in args]
        answer = await self._exchange(
            m.parse(NAME, sql.encode(), ())
            + m.bind(NAME, NAME, (), values, ())
            + m.execute(NAME, 0)
            + m.close(b"P", NAME)
            + m.close(b"S", NAME)
            + m.sync()
        )
        rows = [m.parse_data_row(body) for kind, body in answer if kind == ord("D")]
        return [tuple(None if v is None else v.decode() for v in row) for row in rows]

    async def describe(self, sql: str, oids: Sequence[int]) -> Described:
        answer = await self._exchange(
            m.parse(NAME, sql.encode(), oids) + m.describe(b"S", NAME) + m.close(b"S", NAME) + m.sync()
        )
        parameters: tuple[int, ...] = ()
        fields: tuple[m.Field, ...] = ()
        for kind, body in answer:
            if kind == ord("t"):
                parameters = m.parse_parameter_description(body)
            elif kind == ord("T"):
                fields = m.parse_row_description(body)
        return Described(parameters, fields)

    async def _simple(self, sql: str) -> None:
        await self._exchange(m.query(sql.encode()))

    async def _exchange(self, request: bytes) -> list[tuple[int, bytes]]:
        session = self._session
        messages = await session.ask(request)
        for kind, body in messages:
            if kind == ord("E"):
                fields = m.parse_fields(body)
                raise ServerError(fields.get("C", "XX000"), fields.get("M", ""), fields)
        if session.ended.is_set():
            raise ProtocolError("the session ended during an analysis")
        return messages
