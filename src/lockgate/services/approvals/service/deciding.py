"""Deciding: votes, edits, escalations, and places that are lent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockgate.services.approvals import delegating, editing, lending, opening, voting
from lockgate.services.approvals.nouns import Opened, Proposal, Refusal, RequestView, Voter
from lockgate.services.approvals.service.base import Part


class Deciding(Part):
    """For whoever decides."""

    async def vote(
        self,
        request_id: str,
        *,
        voter: Voter,
        approve: bool,
        reason: str,
        action_digest: str,
        view_digest: str,
    ) -> RequestView | Refusal:
        """One human's decision on exactly this action, as exactly this view showed it.

        On a break-glass use that is due for review, approving says justified, denying says violation.
        """
        return await self._store.transact(
            lambda conn: voting.vote(
                self.desk,
                conn,
                request_id,
                voter,
                approve=approve,
                reason=reason,
                action_digest=action_digest,
                view_digest=view_digest,
            )
        )

    async def vote_batch(
        self, batch: str, *, voter: Voter, decisions: Sequence[editing.ItemVote], view_digest: str
    ) -> Mapping[str, RequestView | Refusal] | Refusal:
        return await self._store.transact(
            lambda conn: editing.vote_batch(self.desk, conn, batch, voter, tuple(decisions), view_digest)
        )

    async def edit(self, request_id: str, *, editor: Voter, proposal: Proposal) -> Opened | Refusal:
        """Put a child in its place, made from an action that was classified and decided anew."""
        prepared = opening.prepare(self.desk, proposal)
        return await self._store.transact(lambda conn: editing.edit(self.desk, conn, request_id, editor, prepared))

    async def escalate(self, request_id: str, *, by: Voter, group: str, count: int = 1) -> RequestView | Refusal:
        return await self._store.transact(lambda conn: editing.escalate(self.desk, conn, request_id, by, group, count))

    async def delegate(self, *, giver: Voter, receiver: str, group: str, ttl_s: int) -> delegating.Delegation | Refusal:
        """Lend one's place in a group, for two weeks at most; the lender's conflicts go with it."""
        return await self._store.transact(lambda conn: lending.delegate(self.desk, conn, giver, receiver, group, ttl_s))

    async def undelegate(self, delegation_id: str, *, giver: Voter) -> bool:
        return await self._store.transact(lambda conn: lending.undelegate(self.desk, conn, delegation_id, giver))
