"""Calls of Slack's Web API through `slack_sdk`, and what can go wrong with one, as a value."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError as ApiError
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from lockgate.channels.slack.settings import SlackSettings

TIMEOUT_S = 10
quiet = logging.getLogger("lockgate.slack.sdk")
# It would write what it sends, and addresses that hold a ticket. What fails is logged here, by its kind.
quiet.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Failed:
    """`error` is Slack's own word for it, or the kind of failure; never a body. `wait_s` is what Slack asks for."""

    error: str
    wait_s: int = 0


def client(settings: SlackSettings) -> AsyncWebClient:
    """Nothing is tried twice by itself: the outbox knows what was tried, and when to do so again."""
    return AsyncWebClient(settings.bot_token, base_url=settings.api, timeout=TIMEOUT_S, logger=quiet, retry_handlers=[])


async def ask(call: Callable[..., Awaitable[Any]], /, **arguments: Any) -> dict[str, Any] | Failed:
    """One call; the answer's data where Slack said ok."""
    try:
        answer = await call(**arguments)
    except ApiError as error:
        return _refused(error)
    except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError, ValueError) as error:
        return Failed(type(error).__name__)
    data = answer.data
    return data if isinstance(data, dict) else Failed("no JSON")


def _refused(error: ApiError) -> Failed:
    answer = error.response
    status = getattr(answer, "status_code", 0)
    if status == 429:
        said = str(answer.headers.get("Retry-After", ""))
        return Failed("ratelimited", min(int(said), 3600) if said.isdigit() else 30)
    data = getattr(answer, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    return Failed(word[:60] if isinstance(word, str) and word else f"HTTP {status}")
