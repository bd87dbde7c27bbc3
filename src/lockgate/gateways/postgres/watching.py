"""Whether a session may go on: its credential, owner and groups are looked at each minute and whenever one changes."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.errors import LockgateError
from lockgate.services.accounts import Accounts

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session


@dataclass(slots=True)
class Watch:
    """`over` runs beside a session until that ends; `holds` answers once, ending the session where it may not go on."""

    accounts: Accounts
    recheck_s: float = 60.0
    longest_s: float = 12 * 3600.0

    async def over(self, session: Session) -> None:
        """Looks at once too: what was revoked while the session was being opened is found."""
        clock = asyncio.get_running_loop().time
        started = clock()
        while await self.holds(session):
            left_s = started + self.longest_s - clock()
            if left_s <= 0:
                session.retire()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self.recheck_s, left_s) if left_s > 0 else self.recheck_s):
                    await session.doubted.wait()
            session.doubted.clear()

    async def holds(self, session: Session) -> bool:
        """A store that does not answer is no proof: the session ends."""
        told = "28000", "this credential, its owner or its groups are no longer valid", "log in again"
        try:
            if await self.accounts.still_valid(session.requester):
                return not session.ended.is_set()
        except LockgateError as error:
            told = "LG005", "Lockgate's store does not answer, so nothing more is executed", error.hint
        session.cut(*told, at_once=True)
        return False
