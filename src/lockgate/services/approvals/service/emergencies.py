"""Emergencies: the glass that is broken and reviewed, and the switch that stops everything."""

from __future__ import annotations

from lockgate.action import Action, Requester
from lockgate.services.approvals import glass, switch
from lockgate.services.approvals.nouns import Refusal, RequestView, Voter
from lockgate.services.approvals.service.deciding import Deciding


class Emergencies(Deciding):
    """For whoever cannot wait, and whoever looks at it afterwards."""

    async def break_glass(
        self,
        requester: Requester,
        *,
        voter: Voter,
        connection: str,
        classes: frozenset[str],
        reason: str,
        ttl_s: int = 3600,
        only: Action | None = None,
    ) -> glass.Glass | Refusal:
        return await self._store.transact(
            lambda conn: glass.break_glass(self.desk, conn, requester, voter, connection, classes, reason, ttl_s, only)
        )

    async def open_glass(self, requester: Requester, connection: str, classes: frozenset[str]) -> glass.Glass | None:
        """For the pipeline: is there a glass that lets this through? Policy is asked with `break_glass`
        then.
        """
        return await self._store.read(lambda conn: glass.open_glass(self.desk, conn, requester, connection, classes))

    async def review(
        self,
        request_id: str,
        *,
        voter: Voter,
        justified: bool,
        reason: str,
        action_digest: str,
        view_digest: str,
    ) -> RequestView | Refusal:
        """One of two people's review of a break-glass use."""
        return await self.vote(
            request_id,
            voter=voter,
            approve=justified,
            reason=reason,
            action_digest=action_digest,
            view_digest=view_digest,
        )

    async def close_glass(self, request_id: str, *, by: str) -> RequestView | Refusal:
        """Whoever broke it needs it no more; its review is due."""
        return await self._store.transact(lambda conn: glass.close_by(self.desk, conn, request_id, by))

    async def kill_switch(self, on: bool, *, by: Voter, reason: str = "") -> switch.Switch | Refusal:
        """Stop everything (one person), or agree to go on (two people)."""
        unit = switch.turn_on if on else switch.lift
        return await self._store.transact(lambda conn: unit(self.desk, conn, by, reason))

    async def stopped(self) -> switch.Switch:
        return await self._store.read(lambda conn: switch.stopped(conn, self.desk.keys))
