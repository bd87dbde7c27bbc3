"""What the parts of `Accounts` share: the store, the hasher, and looking an account up inside of a unit."""

from __future__ import annotations

from argon2 import PasswordHasher
from sqlalchemy import Connection

from lockgate.errors import ConfigError
from lockgate.identity import Person
from lockgate.services.accounts import directory
from lockgate.store import Store

LOCAL = "local"


class Part:
    """Some of the methods of `Accounts`; each is one unit of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")


def known_in(conn: Connection, account: str) -> Person:
    """The account; ConfigError for one that the directory does not hold."""
    found = directory.person(conn, account)
    if found is None:
        raise ConfigError(f"{account} is not in the directory")
    return found
