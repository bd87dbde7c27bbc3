"""One identity provider as Lockgate asks it: its description and keys (kept for a while), tokens for codes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from lockgate.errors import ConfigError, LockgateError
from lockgate.identity import Claims
from lockgate.identity.oidc import Expected, NoSuchKey, OidcSettings, Provider, ProviderKeys, parse_discovery, refused
from lockgate.identity.oidc import validate_id_token as validate
from lockgate.identity.oidc.discovery import check_address, discovery_address
from lockgate.server.oidc.fetching import Answer, ProviderError, fetch

KEPT_S = 900.0
"""A key that the provider withdrew is believed for this long at most."""
AGAIN_S = 60.0
"""Between two looks for a key that was not there: anybody may bring a token that names none."""
FAILED_S = 3.0
"""After a failure nobody asks again for this long: each who wants to log in would."""
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """RFC 8628, section 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_s: int
    interval_s: int


class NotYet(LockgateError):
    """The person has not answered the provider yet; `slow_down` where it was asked too often."""

    def __init__(self, *, slow_down: bool) -> None:
        super().__init__("nobody has confirmed it yet")
        self.slow_down = slow_down


class Asking:
    """Everything that is asked of the provider. Clocks come in: `now_s` is the wall's, `ticks` only goes on."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        now_s: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._now_s = now_s
        self._ticks = ticks
        self._lock = asyncio.Lock()
        self._provider: Provider | None = None
        self._keys: ProviderKeys | None = None
        self._provider_at = self._keys_at = self._looked_at = self._failed_at = float("-inf")

    async def provider(self) -> Provider:
        """Its description. ProviderError, ConfigError: it cannot be had, or is another issuer's."""
        async with self._lock:
            return await self._described()

    async def _described(self) -> Provider:
        if self._provider is None or self._ticks() - self._provider_at > KEPT_S:
            body = await self._got(discovery_address(self.settings.issuer))
            self._provider = parse_discovery(body, self.settings.issuer)
            self._provider_at = self._ticks()
        return self._provider

    async def _got(self, url: str) -> bytes:
        if self._ticks() - self._failed_at < FAILED_S:
            raise ProviderError("the identity provider did not answer", hint="try again in a moment")
        try:
            answer = await fetch(url)
            if answer.status != 200:
                raise ProviderError(f"the identity provider answers with {answer.status}", hint="look at oidc.issuer")
        except ProviderError:
            self._failed_at = self._ticks()
            raise
        return answer.body

    async def signing_keys(self, *, anew: bool = False) -> ProviderKeys:
        """Its keys; `anew` where one was missing, which is looked for at most once a minute. ProviderError,
        ConfigError: there are none."""
        async with self._lock:
            provider = await self._described()
            old = self._keys is None or self._ticks() - self._keys_at > KEPT_S
            if old or (anew and self._ticks() - self._looked_at > AGAIN_S):
                if not old:
                    self._looked_at = self._ticks()
                self._keys = ProviderKeys.parse(await self._got(provider.keys))
                self._keys_at = self._ticks()
            assert self._keys is not None
            return self._keys

    async def verify(self, answer: object, nonce: str | None, *, since_s: float = 0.0) -> Claims:
        """What the ID token proves; with `max_age_s` also that it was proven after `since_s`. AuthenticationError:
        nothing."""
        s = self.settings
        expected = Expected(s.issuer, s.client_id, nonce, s.groups_claim, s.max_age_s, since_s)
        try:
            return validate(answer, await self.signing_keys(), expected, self._now_s())
        except NoSuchKey:
            return validate(answer, await self.signing_keys(anew=True), expected, self._now_s())

    async def id_token_for(self, code: str, *, redirect: str, verifier: str) -> object:
        """What the code is worth (RFC 6749, section 4.1.3, with the verifier of RFC 7636)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        found = _object(answer := await self._posted((await self.provider()).token, form))
        if answer.status != 200:
            raise refused("the provider does not take its code")
        return found.get("id_token")

    async def device_code(self) -> DeviceCode:
        """ProviderError: it gives none."""
        provider = await self.provider()
        if not provider.device:
            raise ConfigError("the identity provider has no device flow", hint="log in with a browser")
        answer = await self._posted(provider.device, {"scope": " ".join(self.settings.scopes)})
        found = _object(answer)
        code, shown = found.get("device_code"), found.get("user_code")
        if answer.status != 200 or not _is_text(code, 2048) or not _is_text(shown, 64):
            raise ProviderError(
                "the identity provider gives no device code", hint="may this client use the device flow?"
            )
        where = check_address(found.get("verification_uri"), "verification_uri", of=self.settings.issuer)
        return DeviceCode(
            str(code), str(shown), where, _seconds(found, "expires_in", 600, 1), _seconds(found, "interval", 5, 1)
        )

    async def id_token_for_device(self, device_code: str) -> object:
        """NotYet: nobody has confirmed it. AuthenticationError: it was denied or has expired."""
        form = {"grant_type": DEVICE_GRANT, "device_code": device_code}
        found = _object(answer := await self._posted((await self.provider()).token, form))
        if answer.status == 200:
            return found.get("id_token")
        error = found.get("error")
        if error in ("authorization_pending", "slow_down"):
            raise NotYet(slow_down=error == "slow_down")
        raise refused("it was denied, or its time is over")

    async def _posted(self, url: str, form: dict[str, str]) -> Answer:
        """As this client (RFC 6749, section 2.3.1): by Basic where the provider takes it, else in the form."""
        s, provider = self.settings, await self.provider()
        if s.client_secret and provider.basic:
            return await fetch(url, form=form, basic=(quote_plus(s.client_id), quote_plus(s.client_secret)))
        secret = {"client_secret": s.client_secret} if s.client_secret else {}
        return await fetch(url, form={**form, "client_id": s.client_id, **secret})


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderError(f"the identity provider answers with {answer.status} and no JSON object")
    return found


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most and value.isascii() and value.isprintable()


def _seconds(found: dict[str, Any], name: str, default: int, least: int) -> int:
    value = found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        return default
    return min(value, 3600)
