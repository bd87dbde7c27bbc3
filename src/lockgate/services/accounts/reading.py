"""The directory for whoever reads a store that is not theirs to change: `doctor`, beside a server that runs."""

from __future__ import annotations

from sqlalchemy import Connection, select

from lockgate.identity import Person, TokenKind
from lockgate.services.accounts import directory
from lockgate.services.accounts.base import REGISTER, REGISTER_EVENTS
from lockgate.store import KeyRing
from lockgate.store.sealed import SealedSet
from lockgate.store.tables import people as t


class ReadOnly:
    """What the rules of approval ask of a directory."""

    owners_since = staticmethod(directory.owners_since)
    owners_now = staticmethod(directory.owners_now)

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._register = SealedSet("register", REGISTER, keys, REGISTER_EVENTS)

    def people(self, conn: Connection) -> list[Person]:
        """Everybody. StoreError: the register is not as Lockgate wrote it."""
        self._register.check(conn)
        return directory.people(conn)

    def minters(self, conn: Connection, credential_id: str) -> frozenset[str]:
        return directory.minters(conn, self._keys, credential_id)

    def keys_of(self, conn: Connection, agent: str, now_at: int) -> list[str]:
        """The ids of the agent's registered keys that still open something."""
        c = t.credentials.c
        living = (c.person == agent, c.kind == TokenKind.KEY.name.lower(), c.revoked_at == 0, c.expires_at > now_at)
        return list(conn.execute(select(c.id).where(*living).order_by(c.id)).scalars())
