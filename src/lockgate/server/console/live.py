"""What changes while somebody looks: one stream that names requests, and nothing of them (server-sent events).

The page that hears of a change fetches itself again, so what is shown is always a page's own answer to this session.
A stream is no use of a session: it keeps none alive, and ends so often that a session that has ended is found out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from lockgate.server.api.guard import Services
from lockgate.server.assemble import ACCOUNTS_TOPIC, KILL_TOPIC
from lockgate.server.console.guard import Me
from lockgate.server.console.places import REQUEST_ID
from lockgate.services.approvals import Approvals, Watcher
from lockgate.store import DEAF, EVERYTHING

router = APIRouter()
MOST_STREAMS, MOST_EACH = 1000, 20
"""Of all, and of one person: nobody takes the places of others."""
LASTS_S = 300.0
BEAT_S = 15.0
"""So that whoever hung up is noticed, and nothing on the way takes the stream for dead."""
GATHER_S = 0.2
"""Changes within this time are told together."""
SOMETHING = "*"


@router.get("/live")
async def stream(request: Request, me: Me, found: Services) -> Response:
    """`changed` events, their data ids of requests separated by spaces, or `*` for anything."""
    watcher = found.approvals.watch(me.person.id, most=MOST_STREAMS, most_each=MOST_EACH)
    if watcher is None:
        return Response(status_code=204)  # a browser does not come again after this
    return _Stream(found.approvals, watcher)


class _Stream(StreamingResponse):
    """Gives its place back however it ends, also where the browser hung up before the first word was sent: then
    nothing of what would be told has begun, nor ends."""

    def __init__(self, approvals: Approvals, watcher: Watcher) -> None:
        super().__init__(_told(watcher), media_type="text/event-stream")
        self._approvals, self._watcher = approvals, watcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._approvals.unwatch(self._watcher)


async def _told(watcher: Watcher) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    ends = loop.time() + LASTS_S
    yield "retry: 2000\n\nevent: ready\ndata: *\n\n"
    while not watcher.over and (left_s := ends - loop.time()) > 0:
        heard = await watcher.take(min(BEAT_S, left_s))
        if not heard:
            yield ": still here\n\n"
            continue
        await asyncio.sleep(GATHER_S)
        heard |= await watcher.take(0)
        names = _named(heard)
        if names:
            yield f"event: changed\ndata: {names}\n\n"
        if ACCOUNTS_TOPIC in heard:
            break  # somebody may be a member no more: whoever still has a session comes again


def _named(topics: frozenset[str]) -> str:
    if topics & {EVERYTHING, DEAF, ACCOUNTS_TOPIC, KILL_TOPIC}:
        return SOMETHING
    return " ".join(sorted(topic for topic in topics if REQUEST_ID.fullmatch(topic)))
