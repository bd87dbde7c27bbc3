"""Make a vault, and open one: a missing, foreign or older one is refused with what to do."""

from __future__ import annotations

from sqlalchemy import Connection, Row, insert, inspect, select

from lockgate.errors import VaultError
from lockgate.store.reading import sqlite_path
from lockgate.store.seal import KeyRing
from lockgate.store.vault.engines import engine_of, new_file
from lockgate.store.vault.keys import VaultKey
from lockgate.store.vault.tables import SCHEMA, about, metadata
from lockgate.store.vault.vault import MOST_CACHED, SealedVault

NONE_HERE = "there is no vault here"
MAKE_ONE = "lockgate vault init makes one"
ELSEWHERE = (
    MAKE_ONE + "; sqlite:///vault.db is seen from the folder that you are in, sqlite:////var/vault.db is absolute"
)


def create_vault(url: str, keys: KeyRing, *, now_at: int) -> None:
    """An empty vault under the current key, at `sqlite:///path` or `postgresql://…`. VaultError: there is one already.
    `now_at` is an instant in microseconds."""
    key = VaultKey.of(keys, keys.current)
    path = sqlite_path(url)
    if path is not None:
        new_file(path)

    def unit(conn: Connection) -> None:
        if inspect(conn).has_table(about.name):
            raise VaultError("there is a vault already", hint="lockgate vault status shows it")
        metadata.create_all(conn)
        row = {"id": 1, "schema": SCHEMA, "key": key.id, "created_at": now_at}
        conn.execute(insert(about).values(**row, fingerprint=key.fingerprint, mac=key.mac()))

    engine = engine_of(url)
    try:
        engine.write(unit)
    finally:
        engine.close()


def open_vault(url: str, keys: KeyRing, *, unbounded: bool = False, most_cached: int = MOST_CACHED) -> SealedVault:
    """The vault at `sqlite:///path` or `postgresql://…`. VaultError: there is none, or these are not its keys;
    StoreError: it cannot be reached. `unbounded` for erasure, which may take longer than a busy database allows."""
    must_be_there(url)
    engine = engine_of(url, unbounded=unbounded)
    try:
        return SealedVault(engine, engine.read(lambda conn: key_of(conn, keys)), most_cached=most_cached)
    except BaseException:
        engine.close()
        raise


def key_of(conn: Connection, keys: KeyRing) -> VaultKey:
    """The key that the rows are under. VaultError: it is not among these."""
    row = about_row(conn)
    if row.schema != SCHEMA:
        raise VaultError(f"the vault is of another Lockgate (schema {row.schema})", hint="upgrade this one")
    key = VaultKey.of(keys, row.key)
    if not key.made(bytes(row.mac)):
        raise VaultError(
            f"the key file is not this vault's: it wants the key {row.fingerprint}",
            hint="put back the key file that lockgate vault init made, or its copy; no other opens the vault",
        )
    return key


def about_row(conn: Connection) -> Row[tuple[object, ...]]:
    row = conn.execute(select(about)).first() if inspect(conn).has_table(about.name) else None
    if row is None:
        raise VaultError(NONE_HERE, hint=MAKE_ONE)
    return row


def is_there(url: str) -> bool:
    """Whether a vault is at this place, whatever its key. StoreError: it cannot be looked at."""
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        return False
    engine = engine_of(url)
    try:
        return engine.read(lambda conn: inspect(conn).has_table(about.name))
    finally:
        engine.close()


def must_be_there(url: str) -> None:
    """SQLite would make an empty file of whatever is not there."""
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        raise VaultError(NONE_HERE, hint=ELSEWHERE)
