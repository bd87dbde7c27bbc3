"""After an older store was put back: what waited is void, and two people accept it before anything held executes."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.action import JSON
from lockgate.services.approvals import restoring
from lockgate.services.approvals.nouns import Refusal, Voter
from lockgate.services.approvals.service.base import Part


class Restores(Part):
    """For `lockgate restore`, with the server stopped, and for those who accept it through the API."""

    async def void(self, record: dict[str, JSON], *, stopped: bool = False) -> Mapping[str, int]:
        """An older store was put back: everything that waits or was lent is void; how much of what."""
        return await self._store.transact(lambda conn: restoring.void(self.desk, conn, record, stopped=stopped))

    async def restored(self) -> restoring.Restore | None:
        """The last restore on record, and who has accepted it."""
        return await self._store.read(lambda conn: restoring.last(self.desk, conn))

    async def accept_restore(self, by: Voter) -> restoring.Restore | Refusal:
        return await self._store.transact(lambda conn: restoring.accept(self.desk, conn, by))
