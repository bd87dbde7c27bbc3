"""The way of a login: begun with a state that only its browser or terminal can end, ended once, in a session."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

import structlog

from lockgate.errors import AuthenticationError, ConfigError
from lockgate.identity import Claims
from lockgate.identity.oidc import OidcSettings, Secrets, authorization_url, mapped_groups, refused
from lockgate.server.oidc.asking import Asking, NotYet
from lockgate.services.accounts import Accounts, LinkWish, Minted
from lockgate.services.logins import Begun, Logins, TooSoon
from lockgate.store import Store

log = structlog.get_logger("lockgate.oidc")

CALLBACK = "/api/v1/login/oidc/callback"
KNOWN_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """`handle` belongs to whoever began the login and nobody else; the login ends only with it."""

    url: str
    state: str = field(repr=False)
    handle: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceOnItsWay:
    user_code: str
    url: str
    expires_s: int
    interval_s: int
    state: str = field(repr=False)
    handle: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """A login's end: a session, or (`minted` is None) `account` linked to `linked_to`."""

    account: str
    minted: Minted | None = None
    linked_to: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody has confirmed the device login yet."""


class Flows:
    """Logins through the one configured provider."""

    def __init__(self, settings: OidcSettings, store: Store, accounts: Accounts, public_url: str) -> None:
        self.settings = settings
        self.public_url = public_url
        self.asking = Asking(settings, now_s=lambda: store.clock() / 1_000_000)
        self._key = store.keys.derive("oidc-login")
        self._logins = Logins(store)
        self._accounts = accounts

    async def begin(self, *, port: int = 0, wish: LinkWish | None = None, address: str = "") -> OnItsWay:
        """Where the browser goes. With a `port` the answer goes to that one of the caller's own machine (RFC 8252,
        section 7.3), otherwise to the server's callback.

        A terminal's login asks the provider for a proof anew: otherwise a program on somebody's machine could have the
        browser, which is logged in there already, make it a session without anybody noticing.
        """
        provider = await self.asking.provider()
        made, handle = Secrets.new(self._key), secrets.token_urlsafe(32)
        redirect = f"http://127.0.0.1:{port}/callback" if port else f"{self.public_url}{CALLBACK}"
        prompt = "login" if port or wish else ""
        await self._logins.begin(made.state, handle, Begun("cli" if port else "browser", redirect, wish, address))
        url = authorization_url(provider.authorization, self.settings, made, redirect, prompt=prompt)
        return OnItsWay(url, made.state, handle)

    async def end(
        self, *, browser: bool, state: str, handle: str, code: str = "", iss: str | None = None, error: str = ""
    ) -> Ended:
        """What the provider's answer is worth. AuthenticationError: nothing; the login is over either way."""
        begun = await self._logins.take(state, handle, "browser" if browser else "cli")
        if begun is None:
            raise refused("it did not begin here, or is over")
        try:
            provider = await self.asking.provider()
            # Whether it names another, or does not name itself although it always does (RFC 9207, section 2.4).
            if iss != provider.issuer and (iss is not None or provider.names_itself):
                raise refused("the answer is another issuer's")
            if error or not code:
                why = error if KNOWN_ERROR.fullmatch(error) else "no code"
                raise refused(f"the provider says {why}")
            made = Secrets.of(state, self._key)
            answer = await self.asking.id_token_for(code, redirect=begun.redirect, verifier=made.verifier)
            # The wish for a fresh proof went through somebody's machine, where a program may have taken it out.
            since_s = begun.at_s if begun.kind == "cli" or begun.wish else 0.0
            claims = await self.asking.verify(answer, made.nonce, since_s=since_s)
            return await self._let_in(claims, begun.wish)
        except AuthenticationError as failure:
            log.warning("a login was refused", kind=begun.kind, why=failure.message)
            raise

    async def begin_device(self, *, address: str = "") -> DeviceOnItsWay:
        """RFC 8628. ConfigError: the installation has not switched it on, or the provider has none."""
        if not self.settings.device_flow:
            raise ConfigError("the device flow is switched off here", hint="log in with a browser, or oidc.device_flow")
        await self._logins.refuse_too_many(
            address
        )  # anybody may ask for one, and the provider would be asked each time
        given = await self.asking.device_code()
        state, handle = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        begun = Begun("device", address=address, device=given.device_code, interval_s=given.interval_s)
        await self._logins.begin(state, handle, begun, lives_s=given.expires_s)
        return DeviceOnItsWay(
            given.user_code, given.verification_uri, given.expires_s, given.interval_s, state=state, handle=handle
        )

    async def end_device(self, *, state: str, handle: str) -> Ended | Waiting:
        """Ask the provider once, if it may be asked again by now. AuthenticationError: it is over without a session."""
        try:
            begun = await self._logins.due(state, handle)
        except TooSoon:
            return Waiting()
        if begun is None:
            raise refused("it did not begin here, or is over")
        try:
            answer = await self.asking.id_token_for_device(begun.device)
        except NotYet as yet:
            if yet.slow_down:
                await self._logins.slow_down(state, handle)
            return Waiting()
        except AuthenticationError:
            await self._logins.take(state, handle, "device")
            raise
        if await self._logins.take(state, handle, "device") is None:
            raise refused("it did not begin here, or is over")
        return await self._let_in(await self.asking.verify(answer, None), None)

    async def _let_in(self, claims: Claims, wish: LinkWish | None) -> Ended:
        groups = mapped_groups(claims.groups, self.settings.groups)
        if wish is not None:
            return Ended(await self._accounts.link_by_provider(claims, groups, wish), linked_to=wish.account)
        minted = await self._accounts.login_by_provider(claims, groups)
        return Ended(minted.person, minted)
