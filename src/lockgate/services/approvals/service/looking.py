"""Looking: requests as people see them, and who could decide."""

from __future__ import annotations

import builtins
from collections.abc import Mapping

from sqlalchemy import Connection

from lockgate.action import JSON, Requester
from lockgate.approvals import Status
from lockgate.services.approvals import editing, telemetry, voting
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import look
from lockgate.services.approvals.entries import load_where
from lockgate.services.approvals.nouns import Refusal, RequestView
from lockgate.services.approvals.service.base import Part
from lockgate.services.approvals.showing import shown
from lockgate.store.tables import approvals as t


class Looking(Part):
    """For the console, the API and `doctor`; nothing here changes a request."""

    async def get(self, request_id: str, *, viewer: str = "") -> RequestView | Refusal:
        """The stored view; naming the viewer starts their time to decide."""

        def read(conn: Connection) -> RequestView | None:
            entry = look(self.desk, conn, request_id)
            return None if entry is None else shown(self.desk, entry, self.desk.clock())

        found = await self._store.read(read)
        if found is None:
            return voting.NO_SUCH
        if viewer and found.state in (Status.PENDING, Status.REVIEW_DUE):
            await self._store.transact(lambda conn: voting.seen(self.desk, conn, request_id, viewer))
        return found

    async def list(
        self, *, state: str = "", principal: str = "", connection: str = "", limit: int = 100
    ) -> builtins.list[RequestView]:
        """Newest first."""
        conditions = []
        if state:
            conditions.append(t.requests.c.status == state)
        if principal:
            conditions.append(t.requests.c.principal == principal)
        if connection:
            conditions.append(t.requests.c.connection == connection)

        def read(conn: Connection) -> builtins.list[RequestView]:
            now_at = self.desk.clock()
            found = [shown(self.desk, e, now_at) for e in load_where(conn, *conditions, limit=limit)]
            return [view for view in found if not state or view.state == state]

        return await self._store.read(read)

    async def batch(self, batch: str) -> editing.BatchView | Refusal:
        view = await self._store.read(lambda conn: editing.batch_view(self.desk, conn, batch))
        return voting.NO_SUCH if view is None else view

    async def denial_reason(self, request_id: str) -> str:
        """What the reviewer who denied it said, masked before it was kept."""
        found = await self.get(request_id)
        if isinstance(found, Refusal):
            return ""
        return next((vote.reason for vote in reversed(found.votes) if not vote.approve), "")

    async def reviewers(self, since_at: int = 0) -> builtins.list[telemetry.Reviewer]:
        return await self._store.read(lambda conn: telemetry.reviewers(conn, self.desk.rules, since_at))

    async def reviewers_for(
        self, requester: Requester, connection: str, profiles: Mapping[str, JSON]
    ) -> Mapping[str, who.Panel]:
        """For `doctor`: who could decide about this requester's actions, for each profile, and who may
        not.
        """
        return await self._store.read(
            lambda conn: who.panels(self.desk, conn, requester, connection, profiles, self.desk.clock())
        )
