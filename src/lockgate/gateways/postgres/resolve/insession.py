"""The session itself as the analysis's side: inside a savepoint that is always rolled back, between two batches.

Needed once the session sees objects that no other connection can: its temporary tables, its uncommitted DDL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.lineage.side import Described, Question, Row
from lockgate.gateways.postgres.resolve import exchange
from lockgate.gateways.postgres.wire import messages as m

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

SAVEPOINT = "lockgate_analysis"
TRANSACTION = frozenset({"BEGIN", "ROLLBACK"})
"""The savepoint is this side's transaction."""
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

    async def fetch(self, sql: str, *args: str | None) -> list[Row]:
        return (await self.fetch_all((sql, *args)))[0]

    async def fetch_all(self, *questions: Question) -> list[list[Row]]:
        own = [question for question in questions if question[0] not in TRANSACTION]
        found = iter(exchange.rows(await self._exchange(exchange.to_fetch(own, NAME))) if own else ())
        return [[] if question[0] in TRANSACTION else next(found) for question in questions]

    async def describe(self, sql: str, oids: Sequence[int]) -> Described:
        return exchange.described(await self._exchange(exchange.to_describe(sql, oids, NAME)))

    async def describe_aloud(self, sql: str, oids: Sequence[int]) -> tuple[Described, list[Mapping[str, str]]]:
        answer = await self._exchange(exchange.to_describe_aloud(sql, oids, NAME))
        return exchange.described(answer), exchange.notices(answer)

    async def _simple(self, sql: str) -> None:
        await self._exchange(m.query(sql.encode()))

    async def _exchange(self, request: bytes) -> exchange.Answer:
        session = self._session
        answer = exchange.checked(await session.ask(request))
        if session.ended.is_set():
            raise ProtocolError("the session ended during an analysis")
        return answer
