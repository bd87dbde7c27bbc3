"""Sessions in the log: who came in where, and when that ended. Nothing is executed in a session that is not there."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from lockgate.action import JSON, Requester
from lockgate.audit.event import Event
from lockgate.services.approvals.decisions import who_asks
from lockgate.store import Store


class Sessions:
    """Writes `session.opened` before a client is let in and `session.closed` when it has gone."""

    def __init__(self, store: Store, new_id: Callable[[str], str]) -> None:
        self._store = store
        self._new_id = new_id

    async def opened(self, requester: Requester, connection: str) -> str:
        """The session's id, once its event is durable. Raises StoreError: then nobody is let in."""
        session = self._new_id("ses")
        await self._write(
            "session.opened",
            {
                "session": session,
                "connection": connection,
                **who_asks(requester),
            },
        )
        return session

    async def closed(self, session: str, why: str) -> None:
        """`why` is the SQLSTATE that ended it, or empty where the client left by itself."""
        await self._write("session.closed", {"session": session, "why": why})

    async def _write(self, kind: str, body: dict[str, JSON]) -> None:
        def unit(conn: Connection) -> tuple[None, list[Event]]:
            return None, [Event(kind, body)]

        await self._store.transact(unit)
