"""How long a request's body may be: it is kept whole before anybody looks at who sent it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockgate.channels.slack.incoming import LONGEST_BODY_BYTES

FROM_ANYBODY_BYTES = 16 << 10
"""Without a login: a name and a password, or the name of a connection."""
STATEMENTS_BYTES = 16 << 20
"""Twenty statements of a batch, escaped as JSON allows."""
CATALOG_BYTES = 32 << 20


def longest(path: str, headers: Mapping[bytes, bytes]) -> int:
    """Of a body to this path, in bytes."""
    if "/slack/deliveries/" in path:
        return LONGEST_BODY_BYTES
    if path.endswith(("/login", "/token")) or "/login/" in path or b"authorization" not in headers:
        return FROM_ANYBODY_BYTES
    return CATALOG_BYTES if "/catalog/" in path else STATEMENTS_BYTES


class Bounds:
    """ASGI middleware: answers for the application as soon as more than that has come, and reads no further."""

    def __init__(self, app: ASGIApp, too_long: Response) -> None:
        self.app = app
        self.too_long = too_long

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = longest(scope["path"], headers)
        said = headers.get(b"content-length", b"0")
        if said.isdigit() and int(said) > most:
            await self.too_long(scope, receive, send)
            return
        came = 0
        answered = False

        async def bounded() -> Message:
            nonlocal came, answered
            message = await receive()
            came += len(message.get("body", b""))
            if came <= most:
                return message
            if not answered:
                answered = True
                await self.too_long(scope, receive, send)
            return {"type": "http.disconnect"}

        async def unless_answered(message: Message) -> None:
            if not answered:
                await send(message)

        await self.app(scope, bounded, unless_answered)
