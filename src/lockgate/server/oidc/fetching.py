"""HTTP to the identity provider, within bounds of size and time; no redirect is followed, to no host."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from lockgate.errors import LockgateError

MOST_BYTES = 512 << 10
WITHIN_S = 10.0
"""For a whole answer, however slowly it drips."""


class ProviderError(LockgateError):
    """The identity provider does not answer as it should: nobody can log in through it now."""

    code = "LG025"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


async def fetch(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
    within_s: float = WITHIN_S,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """GET, or POST of a form. ProviderError: no answer, too long a one, or a redirect.

    A client for each call: calls are rare, and none waits behind another's connection.
    """
    headers = {"accept": "application/json"}
    auth = httpx.BasicAuth(*basic) if basic else None
    try:
        async with asyncio.timeout(within_s), httpx.AsyncClient(follow_redirects=False, timeout=within_s) as client:
            method = "GET" if form is None else "POST"
            async with client.stream(method, url, data=form, headers=headers, auth=auth) as answer:
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > most_bytes:
                        raise ProviderError("the identity provider's answer is too long")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise ProviderError(
            f"the identity provider does not answer ({type(error).__name__})", hint="lockgate doctor asks it too"
        ) from error
    if 300 <= answer.status_code < 400:
        raise ProviderError("the identity provider redirects elsewhere, which is not followed")
    return Answer(answer.status_code, bytes(body))
