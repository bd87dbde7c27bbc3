"""One-hour tokens for a registered key, fetched when a driver asks for its password and kept until shortly before they
expire: a pool of fifty connections asks once an hour."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from lockgate.errors import AuthenticationError, ConfigError, LockgateError
from lockgate.sdk.secrets import read_secret

TIMEOUT_S = 15.0
RENEW_BEFORE_S = 300.0
LONGEST_S = 3600.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Dialect(Protocol):
    """What is used of SQLAlchemy's own."""

    @property
    def is_async(self) -> bool: ...


class Tokens:
    """The password of one connection, whichever way the driver wants it:

    - `tokens()`: the token, for any function that is to return a password;
    - `asyncpg.create_pool(…, password=tokens.password)`;
    - `sqlalchemy.event.listen(engine, "do_connect", tokens.do_connect)`; of an async engine, its `sync_engine`.

    `key` is `file:PATH` or `env:NAME` and read at each fetch, so that a new key needs no restart. `ca` is the `ca.pem`
    of Lockgate where its certificate is its own. One object may be shared by threads and event loops.
    """

    def __init__(
        self,
        url: str,
        connection: str,
        *,
        key: str,
        ca: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ConfigError("a key travels over TLS only", hint="write the address as https://host:8443")
        self._url = f"{url.rstrip('/')}/api/v1/token"
        self._connection = connection
        self._key = key
        self._ca = ca
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._expires_at = 0.0

    def __repr__(self) -> str:
        return f"Tokens({self._url!r}, {self._connection!r})"

    def __call__(self) -> str:
        """A token that is good for five minutes at least. AuthenticationError: the key is not; LockgateError: nobody
        answers, and the last token has expired."""
        with self._lock:
            left_s = self._expires_at - self._now()
            if left_s > RENEW_BEFORE_S:
                return self._token
            try:
                self._token, expires_at = self._fetch()
            except AuthenticationError:
                self.forget()
                raise
            except LockgateError:
                if left_s <= 0:
                    raise
                return self._token
            # A clock that is wrong here must not make a token look younger than it can be.
            self._expires_at = min(expires_at, self._now() + LONGEST_S)
            return self._token

    async def password(self) -> str:
        """The same without holding up the event loop."""
        return await asyncio.to_thread(self)

    def do_connect(
        self, dialect: Dialect, record: object, arguments: object, parameters: MutableMapping[str, Any]
    ) -> None:
        """SQLAlchemy's event of that name."""
        parameters["password"] = self.password if dialect.is_async else self()

    def forget(self) -> None:
        """Fetch a new token the next time: this one was refused."""
        self._token, self._expires_at = "", 0.0

    def _fetch(self) -> tuple[str, float]:
        try:
            verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=self._ca) if self._ca else True
        except OSError as error:
            raise ConfigError(
                f"{self._ca} cannot be read as a certificate", hint="ca takes Lockgate's ca.pem"
            ) from error
        try:
            answer = httpx.post(
                self._url,
                json={"connection": self._connection},
                headers={"authorization": f"Bearer {read_secret(self._key)}"},
                verify=verify,
                timeout=TIMEOUT_S,
            )
            if answer.status_code in (401, 403):
                raise AuthenticationError("the key was refused", hint="register a new one: lockgate agent key")
            answer.raise_for_status()
            said = answer.json()
            return str(said["token"]), float(said["expires_at"]) / 1_000_000
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            # Its own words could hold the address with what else was written there.
            raise LockgateError(
                f"no token was given ({type(error).__name__})", hint="is Lockgate's API reachable at this address?"
            ) from None
