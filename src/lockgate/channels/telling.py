"""Channels that tell and take no answer: what is due is looked up, sent, and tried again until it arrives.

As for a chat, a notice of the outbox only says that a request moved; what is told is where it stands when it is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from lockgate.channels.due import LONGEST_WAIT_S, MOST_TRIES, settled, taken
from lockgate.errors import LockgateError
from lockgate.services.approvals import Approvals, Refusal, RequestView, Status
from lockgate.services.approvals.notices import WAITS_FOR_PEOPLE
from lockgate.store import Store

log = structlog.get_logger("lockgate.telling")

POLL_S = 0.5


class Teller(Protocol):
    """Somewhere to tell. `name` is its name in the outbox."""

    @property
    def name(self) -> str: ...

    async def tell(self, message_id: str, view: RequestView) -> str:
        """Empty when it was accepted (or there is nothing to tell), otherwise the kind of failure, never a body. The
        same `message_id` comes again where it may not have been."""
        ...


def asks(view: RequestView) -> bool:
    """Whether somebody is needed: a request waits, a glass was broken, or its review is due."""
    return view.state in WAITS_FOR_PEOPLE or (view.kind == "glass" and view.state is Status.EXECUTING)


async def run(tellers: Sequence[Teller], store: Store, approvals: Approvals) -> None:
    """Tell for ever; each on its own, so that one that hangs holds up no other."""

    async def one(teller: Teller) -> None:
        while True:
            with contextlib.suppress(LockgateError):
                await deliver_due(teller, store, approvals)
            await asyncio.sleep(POLL_S)

    async with asyncio.TaskGroup() as group:
        for teller in tellers:
            group.create_task(one(teller))


async def deliver_due(teller: Teller, store: Store, approvals: Approvals) -> int:
    """Tell whatever is due, once; how many arrived."""
    arrived = 0
    for message in await taken(store, teller.name):
        body = message.body
        view = await approvals.get(str(body.get("request", "")) if isinstance(body, Mapping) else "")
        try:
            error = "" if isinstance(view, Refusal) else await teller.tell(message.id, view)
        except Exception as failed:
            error = type(failed).__name__
        await settled(store, [message], error, most=MOST_TRIES, longest_s=LONGEST_WAIT_S)
        arrived += not error
        if error:
            log.warning("nobody was told", channel=teller.name, message=message.id, kind=error)
    return arrived
