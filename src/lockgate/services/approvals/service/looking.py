"""Looking: requests as people see them, and who could decide."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Mapping

from sqlalchemy import Connection

from lockgate.action import JSON, Requester
from lockgate.approvals import Status
from lockgate.errors import Refused
from lockgate.services.approvals import choosing, editing, telemetry, voting
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import look
from lockgate.services.approvals.entries import load_where
from lockgate.services.approvals.inbox import Box, Cursor, InboxPage
from lockgate.services.approvals.nouns import Asked, Choices, Refusal, RequestView, Voter
from lockgate.services.approvals.requester import requester_of
from lockgate.services.approvals.service.base import Part
from lockgate.services.approvals.showing import shown
from lockgate.services.approvals.waiting import Watcher
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
        self, *, state: str = "", principal: str = "", connection: str = "", kind: str = "", limit: int = 100
    ) -> builtins.list[RequestView]:
        """Newest first. Refused: there is no such state."""
        conditions = []
        if state:
            if state not in set(Status):
                raise Refused("there is no such state", hint=", ".join(Status))
            conditions.append(t.requests.c.status == state)
        if principal:
            conditions.append(t.requests.c.principal == principal)
        if kind:
            conditions.append(t.requests.c.kind == kind)
        if connection:
            conditions.append(t.requests.c.connection == connection)

        def read(conn: Connection) -> builtins.list[RequestView]:
            now_at = self.desk.clock()
            found = [shown(self.desk, e, now_at) for e in load_where(conn, *conditions, limit=limit)]
            return [view for view in found if not state or view.state == state]

        return await self._store.read(read)

    async def inbox(self, person: str, box: Box, *, after: Cursor | None = None, limit: int = 50) -> InboxPage:
        """A page of what waits for this person, of what they wait for, or of all; and how many of each."""
        return await self._store.read(lambda conn: self._inbox.page(self.desk, conn, person, box, after, limit))

    async def choices(self, request_id: str, voter: Voter) -> Choices:
        """What this person may do about the request now, and why not."""
        return await self._store.read(lambda conn: choosing.choices(self.desk, conn, request_id, voter))

    def watch(self, who: str, *, most: int, most_each: int) -> Watcher | None:
        """Hears the topics of all that is committed, by any process, until `unwatch`; None where `most` do already, or
        `most_each` for this person."""
        self._bell.attach(self._store.listen)
        return self._bell.watch(who, most=most, most_each=most_each)

    def unwatch(self, watcher: Watcher) -> None:
        self._bell.leave_watch(watcher)

    def end_watches(self) -> None:
        """Before a server stops: it waits for those who are told what changes."""
        self._bell.end_watches()

    async def batch(self, batch: str, *, viewer: str = "") -> editing.BatchView | Refusal:
        """All of the batch on one screen; naming the viewer starts their time to decide on each item."""
        view = await self._store.read(lambda conn: editing.batch_view(self.desk, conn, batch))
        if view is None:
            return voting.NO_SUCH
        for item in view.items if viewer else ():
            if item.state is Status.PENDING:
                await self._store.transact(functools.partial(voting.seen, self.desk, request_id=item.id, person=viewer))
        return view

    async def editable(self, request_id: str, editor: Voter) -> Asked | Refusal:
        """Who asked, and with what wishes; refused to whoever may not edit the request."""

        def read(conn: Connection) -> Asked | Refusal:
            entry = look(self.desk, conn, request_id)
            if entry is None:
                return voting.NO_SUCH
            people = who.look(self.desk, conn, self.desk.clock())
            refused = editing.refuse_editor(people, entry, editor)
            if refused is not None:
                return refused
            frozen = entry.envelope
            caps = frozen["caps"]
            return Asked(
                requester_of(frozen),
                entry.connection,
                frozenset(frozen["reveal"]),
                frozen["purpose"],
                caps["rows"],
                caps["bytes"],
            )

        return await self._store.read(read)

    async def successor(self, request_id: str) -> str:
        """The request that an edit put in this one's place, and so on to the last; itself where there is none."""
        found = await self.get(request_id)
        while not isinstance(found, Refusal) and found.child:
            request_id, found = found.child, await self.get(found.child)
        return request_id

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
