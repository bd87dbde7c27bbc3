"""Socket Mode: Lockgate opens a connection to Slack, and clicks and commands come over it
(docs.slack.dev/apis/events-api/using-socket-mode). For where Slack cannot reach the API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from lockgate.channels.slack import calling
from lockgate.channels.slack.settings import SlackSettings
from lockgate.errors import LockgateError, StoreError

log = structlog.get_logger("lockgate.slack")

CONNECT_S = 30.0
LOOK_S = 5.0
MOST_MISSED = 4
AGAIN_S = 5.0

Take = Callable[[str, Mapping[str, Any], str], Awaitable[dict[str, Any]]]
"""What is done with an envelope: its type, its payload, its name; the answer."""


class Socket:
    """One connection, opened again whenever it is lost."""

    def __init__(self, settings: SlackSettings, take: Take) -> None:
        self._settings = settings
        self._take = take

    async def run(self) -> None:
        """For ever; at once where no app token is configured."""
        while self._settings.app_token:
            try:
                await self._stay()
            except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("Socket Mode is not connected", kind=type(error).__name__)
            await asyncio.sleep(AGAIN_S)

    async def _stay(self) -> None:
        """Until the connection is lost and does not come back. The client connects again by itself, but to the address
        that it was given once."""
        client = SocketModeClient(
            self._settings.app_token, logger=calling.quiet, web_client=calling.client(self._settings)
        )
        client.socket_mode_request_listeners.append(self._heard)
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()  # type: ignore[no-untyped-call]
            missed = 0
            while missed < MOST_MISSED:
                await asyncio.sleep(LOOK_S)
                missed = 0 if await client.is_connected() else missed + 1
        finally:
            await client.close()  # type: ignore[no-untyped-call]

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            answer = await self._take(request.type, request.payload, request.envelope_id)
        except StoreError:
            return  # not acknowledged: whoever clicked is told that it failed
        except LockgateError as error:
            log.warning("a delivery of Slack's was refused", kind=type(error).__name__)
            answer = {}
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload=answer or None))
