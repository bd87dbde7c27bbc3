"""What the parts of `Accounts` share: the store, the hasher, and looking an account up inside of a unit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from sqlalchemy import Connection

from lockgate.errors import ConfigError
from lockgate.identity import Person
from lockgate.services.accounts import directory
from lockgate.store import Store
from lockgate.store.sealed import SealedSet
from lockgate.store.tables import people as t

T = TypeVar("T")

LOCAL = "local"
HASHED_AT_ONCE = 2
"""Each hash takes 64 MB and a core for a while, and anybody may ask for one by trying to log in."""
REGISTER = (t.people, t.memberships, t.owners, t.links)
REGISTER_EVENTS = (
    "user.created",
    "agent.registered",
    "groups.changed",
    "owners.changed",
    "accounts.linked",
    "account.deactivated",
    "store.upgraded",
)


class Part:
    """Some of the methods of `Accounts`; each is one unit of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hasher = PasswordHasher()
        self._hashing = ThreadPoolExecutor(HASHED_AT_ONCE, "lockgate-password")
        self._nobody = self._hasher.hash("nobody has this password")
        self.register = SealedSet("register", REGISTER, store.keys, REGISTER_EVENTS)
        """People, groups, owners and links: believed as a whole, or not at all."""
        store.on_commit.append(self.register.committed)

    async def _hashed(self, work: Callable[..., T], *words: str) -> T:
        """`work(*words)` in threads kept for this: those of the loop are what the store is read in, and a gateway
        waits for that."""
        return await asyncio.get_running_loop().run_in_executor(self._hashing, work, *words)

    def people(self, conn: Connection) -> list[Person]:
        """Everybody. StoreError: the register is not as Lockgate wrote it."""
        self.register.check(conn)
        return directory.people(conn)

    def person(self, conn: Connection, account: str) -> Person | None:
        return next((person for person in self.people(conn) if person.id == account), None)

    def known_in(self, conn: Connection, account: str) -> Person:
        """The account; ConfigError for one that the directory does not hold."""
        found = self.person(conn, account)
        if found is None:
            raise ConfigError(f"{account} is not in the directory")
        return found

    def linked_to(self, conn: Connection, account: str) -> frozenset[str]:
        """All accounts of the human behind this one, itself included."""
        linked = {person.id: person.linked for person in self.people(conn)}
        found, new = frozenset({account}), linked[account]
        while new - found:
            found |= new
            new = frozenset(other for one in new for other in linked[one])
        return found
