"""What a channel has to send: taken from the outbox under a lease, and settled once it arrived or failed.

A crash in between repeats a message, with the same id, and loses none.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from lockgate.audit.event import Event
from lockgate.store import Store
from lockgate.store.outbox import MOST_ATTEMPTS, Message, claim, settle

MOST_TRIES = 60
LONGEST_WAIT_S = 300
"""Of sixty tries, five minutes apart at most: a service that is away for hours loses nothing."""


async def taken(store: Store, channel: str) -> list[Message]:
    """Messages of the channel that are due, leased to this process."""

    def unit(conn: Connection) -> tuple[list[Message], list[Event]]:
        return claim(conn, channel, now_at=store.clock()), []

    return await store.transact(unit)


async def settled(
    store: Store,
    messages: Sequence[Message],
    error: str,
    *,
    most: int = MOST_ATTEMPTS,
    longest_s: int = 0,
    wait_s: int = 0,
) -> None:
    """What became of them, in one transaction: as `store.outbox.settle` says."""

    def unit(conn: Connection) -> tuple[None, list[Event]]:
        now_at = store.clock()
        for message in messages:
            settle(conn, message, error=error, now_at=now_at, most=most, longest_s=longest_s, wait_s=wait_s)
        return None, []

    await store.transact(unit)
