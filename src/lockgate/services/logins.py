"""Logins on their way at an identity provider: begun here, taken once, gone after ten minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, delete, func, insert, select

from lockgate.audit.event import Event
from lockgate.errors import LockgateError
from lockgate.services.accounts import LinkWish
from lockgate.store import Store
from lockgate.store.sealed import change_row, is_row_genuine, row_mac
from lockgate.store.tables.logins import logins as t

SECOND = 1_000_000
LIVES_S = 600
MOST = 10_000
MOST_FROM_ONE = 500
"""From one address, which may be a proxy's with a whole house behind it."""


class TooManyLogins(LockgateError):
    """More logins are on their way than are kept."""

    code = "LG022"


class TooSoon(Exception):
    """The provider has been asked about this login a moment ago."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that is on its way. `device` is the provider's device code, of a device login only."""

    kind: str
    redirect: str = ""
    wish: LinkWish | None = None
    address: str = ""
    device: str = ""
    interval_s: int = 0
    at_s: float = field(default=0.0, compare=False)
    """When it began, in seconds since 1970 UTC; what is written down says so itself."""


class Logins:
    """`begin` writes one down, `take` hands it to whoever began it and forgets it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, state: str, handle: str, begun: Begun, *, lives_s: int = LIVES_S) -> None:
        """TooManyLogins: it is not begun. Only hashes of state and handle are kept."""
        store, wish = self._store, begun.wish

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            now_at = store.clock()
            conn.execute(delete(t).where(t.c.expires_at <= now_at))
            _refuse_too_many(conn, begun.address, now_at)
            name = _hash("state", state)
            values = {
                "id": name,
                "kind": begun.kind,
                "handle": _hash("handle", handle),
                "redirect": begun.redirect,
                "link_to": wish.account if wish else "",
                "session": wish.session if wish else "",
                "address": begun.address[:64],
                "sealed": self._sealed(name, begun.device),
                "interval_s": begun.interval_s,
                "asked_at": now_at,
                "created_at": now_at,
                "expires_at": now_at + min(lives_s, LIVES_S) * SECOND,
            }
            conn.execute(insert(t).values(**values, mac=row_mac(store.keys, t, values)))
            return None, []

        await store.transact(unit)

    async def refuse_too_many(self, address: str) -> None:
        """Before somebody else is troubled. TooManyLogins: from this address no other would be begun."""
        await self._store.read(lambda conn: _refuse_too_many(conn, address, self._store.clock()))

    async def take(self, state: str, handle: str, kind: str) -> Begun | None:
        """The login of this state, which is then no more; None for none, for another's, and for one that is over."""
        store = self._store

        def unit(conn: Connection) -> tuple[Begun | None, list[Event]]:
            row = self._mine(conn, state, handle, kind)
            if row is None or conn.execute(delete(t).where(t.c.id == row.id)).rowcount != 1:
                return None, []
            return self._begun(row), []

        return await store.transact(unit)

    async def due(self, state: str, handle: str) -> Begun | None:
        """A device login, of which the provider may be asked now (that it is, is noted); None where there is none.
        TooSoon: not yet (RFC 8628, section 3.5)."""
        store = self._store

        def unit(conn: Connection) -> tuple[Begun | None, list[Event]]:
            row = self._mine(conn, state, handle, "device")
            if row is None:
                return None, []
            now_at = store.clock()
            if now_at < row.asked_at + row.interval_s * SECOND:
                raise TooSoon
            change_row(conn, store.keys, t, row, asked_at=now_at)
            return self._begun(row), []

        return await store.transact(unit)

    async def slow_down(self, state: str, handle: str) -> None:
        """Five seconds more between questions from now on (RFC 8628, section 3.5)."""
        store = self._store

        def unit(conn: Connection) -> tuple[None, list[Event]]:
            row = self._mine(conn, state, handle, "device")
            if row is not None:
                change_row(conn, store.keys, t, row, interval_s=row.interval_s + 5)
            return None, []

        await store.transact(unit)

    def _mine(self, conn: Connection, state: str, handle: str, kind: str) -> Row[tuple[object, ...]] | None:
        row = conn.execute(select(t).where(t.c.id == _hash("state", state))).first()
        if row is None or row.kind != kind or row.expires_at <= self._store.clock():
            return None
        if not hmac.compare_digest(row.handle, _hash("handle", handle)):
            return None
        return row if is_row_genuine(self._store.keys, t, row) else None

    def _begun(self, row: Row[tuple[object, ...]]) -> Begun:
        wish = LinkWish(row.link_to, row.session) if row.link_to else None
        sealed = base64.b64decode(row.sealed)
        device = self._store.keys.open(sealed, _context(row.id)).decode() if sealed else ""
        return Begun(row.kind, row.redirect, wish, row.address, device, row.interval_s, row.created_at / SECOND)

    def _sealed(self, name: str, device: str) -> str:
        sealed = self._store.keys.seal(device.encode(), _context(name)) if device else b""
        return base64.b64encode(sealed).decode()


def _refuse_too_many(conn: Connection, address: str, now_at: int) -> None:
    alive = select(func.count()).select_from(t).where(t.c.expires_at > now_at)
    from_here = alive.where(t.c.address == address[:64])
    if conn.execute(alive).scalar_one() >= MOST or conn.execute(from_here).scalar_one() >= MOST_FROM_ONE:
        raise TooManyLogins("too many logins are on their way", hint="wait a little and try again")


def _hash(what: str, text: str) -> str:
    return hashlib.sha256(f"lockgate/login/{what}/v1\0{text}".encode()).hexdigest()


def _context(name: str) -> bytes:
    return b"login " + name.encode()
