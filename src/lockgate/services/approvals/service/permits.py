"""Permits: what recurs is drafted into policy, decided by people, and in force until its date."""

from __future__ import annotations

from sqlalchemy import Connection

from lockgate.action import JSON
from lockgate.services.approvals import logged, opening, permitting
from lockgate.services.approvals.nouns import Opened, Permit, Proposal, Refusal, Repeatable, Voter
from lockgate.services.approvals.service.base import Part


class Permits(Part):
    """For whoever drafts a permit, and for the policy set, which those in force are part of."""

    async def repeatable(self, request_id: str, drafter: Voter) -> Repeatable | Refusal:
        """What the request did, if this person may draft a permit from it and people have approved it once."""
        known = await self._store.read(lambda conn: logged.ask(conn, self.desk.keys, request_id))
        return await self._store.read(lambda conn: permitting.repeatable(self.desk, conn, request_id, drafter, known))

    async def propose_permit(
        self, request_id: str, proposal: Proposal, permit: dict[str, JSON], *, drafter: Voter, until_at: int
    ) -> Opened | Refusal:
        """Put a permit before people, as the request of this id."""
        prepared = opening.prepare(self.desk, proposal, request_id)
        return await self._store.transact(
            lambda conn: permitting.propose(self.desk, conn, prepared, permit, drafter, until_at)
        )

    async def permits_in_force(self) -> tuple[Permit, ...]:
        """What people have approved and nobody has taken back, each believed."""

        def ask(conn: Connection) -> dict[str, logged.Known]:
            return {one: logged.ask(conn, self.desk.keys, one)[one] for one in permitting.ids(conn)}

        known = await self._store.read(ask)
        if not known:
            return ()
        return await self._store.transact(lambda conn: permitting.in_force(self.desk, conn, known))
