"""Signed outgoing webhooks (standard-webhooks.com headers) through the outbox: retried with back-off, then dead."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from datetime import UTC, datetime

import httpx
import structlog
from standardwebhooks import Webhook

from lockgate.action import canonical
from lockgate.channels.due import settled, taken
from lockgate.errors import StoreError
from lockgate.store import KeyRing, Store
from lockgate.store.outbox import Message

log = structlog.get_logger("lockgate.webhook")

CHANNEL = "webhook"
TIMEOUT_S = 10.0
POLL_S = 1.0


def signing_secret(keys: KeyRing) -> str:
    """What a receiver verifies with, in the form that standard-webhooks libraries take."""
    return "whsec_" + base64.b64encode(keys.derive("webhook")).decode()


async def run(store: Store, keys: KeyRing) -> None:
    """Send for ever. A message is leased while it is sent: a crash repeats it, with the same id, and loses none."""
    signer = Webhook(signing_secret(keys))
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
        while True:
            with contextlib.suppress(StoreError):
                await deliver_due(store, signer, client)
            await asyncio.sleep(POLL_S)


async def deliver_due(store: Store, signer: Webhook, client: httpx.AsyncClient) -> int:
    """Send whatever is due, once; how many arrived."""
    arrived = 0
    for message in await taken(store, CHANNEL):
        error = await _send(message, signer, client)
        await settled(store, [message], error)
        arrived += not error
        if error:
            log.warning("a webhook was not delivered", message=message.id, attempt=message.attempts, kind=error)
    return arrived


async def _send(message: Message, signer: Webhook, client: httpx.AsyncClient) -> str:
    """Empty when it was accepted, otherwise the kind of failure."""
    now = datetime.now(UTC)
    body = canonical(message.body).decode()
    headers = {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(message.id, now, body),
    }
    try:
        answer = await client.post(message.destination, content=body, headers=headers)
    except httpx.HTTPError as error:
        return type(error).__name__
    return "" if answer.is_success else f"HTTP {answer.status_code}"
