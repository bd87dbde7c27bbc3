"""Who may call: interactive sessions only, administrators for what changes the directory or the rules."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, cast

from fastapi import Depends, Header, Query, Request

from lockgate.errors import AuthenticationError, LockgateError
from lockgate.identity import Person, TokenKind, kind_of
from lockgate.server.assemble import Assembly
from lockgate.services.accounts import LOCAL
from lockgate.services.approvals import Voter

ADMINS = "admins"
MOST_FAILURES = 5
FORGET_S = 900.0
MOST_REMEMBERED = 10_000
"""Names and addresses; of more, the oldest are forgotten, so that invented names cost no memory."""


class Forbidden(LockgateError):
    """Logged in, and still not allowed to."""

    code = "LG021"


class TooMany(LockgateError):
    """Too many failed logins for this name or from this address."""

    code = "LG022"


def services(request: Request) -> Assembly:
    return cast(Assembly, request.app.state.assembly)


Services = Annotated[Assembly, Depends(services)]
Limit = Annotated[int, Query(ge=1, description="how many at most")]
"""Of a list. A database takes a negative one for no limit."""


def bearer(authorization: Annotated[str, Header()] = "") -> str:
    """The session token; only from the header, so that no form of another site can send it."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or kind_of(token) is not TokenKind.SESSION:
        raise AuthenticationError(
            "this needs an interactive login", hint="connection tokens and agents' keys neither vote nor administer"
        )
    return token


Token = Annotated[str, Depends(bearer)]


async def person(token: Token, found: Services) -> Person:
    return await found.accounts.session(token)


Me = Annotated[Person, Depends(person)]


def as_voter(me: Person) -> Voter:
    """Whom `person` has let in, as one who decides: only an interactive login's own token gets there, never one in
    which somebody acts for another."""
    return Voter(me.id, interactive=True, token_has_act=False)


def admin(me: Me) -> Person:
    if ADMINS not in me.groups:
        raise Forbidden(f"this is for the group {ADMINS}")
    return me


Admin = Annotated[Person, Depends(admin)]


class LoginLimit:
    """Failures per name and per address; from the fifth on each costs a growing wait, and nothing is checked before.
    What is being tried counts as a failure until it is known: many at once are no way around the wait."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}
        self._trying: Counter[str] = Counter()

    @contextmanager
    def trying(self, *keys: str) -> Iterator[None]:
        """Around one attempt; TooMany before it begins."""
        self.check(*keys)
        self._trying.update(keys)
        try:
            yield
        finally:
            self._trying.subtract(keys)
            for key in keys:
                if not self._trying[key]:
                    del self._trying[key]

    def check(self, *keys: str) -> None:
        now = time.monotonic()
        for key in keys:
            count, last = self._failures.get(key, (0, 0.0))
            if self._trying[key] and count + self._trying[key] >= MOST_FAILURES:
                raise TooMany("too many logins at once", hint="wait a little and try again")
            if count >= MOST_FAILURES and now - last < min(2.0 ** (count - MOST_FAILURES), FORGET_S):
                raise TooMany("too many failed logins", hint="wait a little and try again")

    def failed(self, *keys: str) -> None:
        now = time.monotonic()
        for key in keys:
            count, last = self._failures.get(key, (0, 0.0))
            self._failures.pop(key, None)
            self._failures[key] = (1 if now - last > FORGET_S else count + 1, now)
        while len(self._failures) > MOST_REMEMBERED:
            self._failures.pop(next(iter(self._failures)))

    def succeeded(self, *keys: str) -> None:
        for key in keys:
            self._failures.pop(key, None)


@asynccontextmanager
async def guessing(request: Request, user: str) -> AsyncIterator[None]:
    """Around each proof by a password, whatever it opens: failures at one door count at the others. TooMany: wait."""
    account = user if ":" in user else f"{LOCAL}:{user}"
    keys = (f"user:{account}", f"address:{request.client.host if request.client else ''}")
    limit: LoginLimit = request.app.state.login_limit
    with limit.trying(*keys):
        try:
            yield
        except AuthenticationError:
            limit.failed(*keys)
            raise
    limit.succeeded(*keys)
