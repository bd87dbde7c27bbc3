"""Backup, restore and upgrade of an installation: what is done on the machine itself, beside the server.

`backup` runs while the server does; `restore` and `upgrade` have the store alone. A store on PostgreSQL is copied and
put back by PostgreSQL's own tools; what follows from a restore is recorded here all the same.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from lockgate import __version__
from lockgate.action import JSON
from lockgate.audit import Checkpoint, VerifierKey
from lockgate.errors import AuditError, ConfigError, LockgateError, StoreError
from lockgate.server.config import Config, key_ring
from lockgate.server.machine import by_host
from lockgate.server.serve import read_signing_key
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, switch
from lockgate.services.backup import STORE, Manifest, check_backup, copy_database, make_backup, put_in_place
from lockgate.services.checkpoint_dir import CheckpointDir
from lockgate.services.log import Log
from lockgate.services.log_keys import earlier_keys
from lockgate.services.log_tree import last_checkpoint, must_continue
from lockgate.services.signing import is_unsigned, sign_unsigned
from lockgate.store import KeyRing, Store, open_store, system_clock
from lockgate.store.event_mac import event_key
from lockgate.store.exclusive import alone
from lockgate.store.reading import read_store, sqlite_path
from lockgate.store.schema import newest_revision, prepare, revision_of

PG_DUMP = "use PostgreSQL's own: pg_dump --format=custom, or continuous archiving; see docs/how-to/keep-it.md"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: back to this many signed events, giving up those up to `given_up`; what was voided."""

    size: int
    given_up: int
    voided: Mapping[str, int]
    aside: str


@dataclass(frozen=True, slots=True)
class Upgraded:
    before: str
    after: str
    backup: str


def backup(config: Config, folder: Path, keys_into: Path | None) -> Manifest:
    """The store, the policies and the configuration into `folder`; the keys nowhere, or apart into `keys_into`."""
    path = _sqlite(config)
    if folder.resolve().is_relative_to(config.state.resolve()):
        raise ConfigError("a backup inside of the state folder is lost with it", hint="give a folder elsewhere")
    if keys_into is not None and _overlap(keys_into.resolve(), folder.resolve()):
        raise ConfigError("the keys do not go where the backup goes: together they open every sealed payload")
    keys = key_ring(config)
    made = make_backup(path, folder, keys, now_at=system_clock())
    if config.policies.is_dir():
        shutil.copytree(config.policies, folder / "policies")
    shutil.copy(config.path, folder / "lockgate.yaml")
    if keys_into is not None:
        keys_into.mkdir(mode=0o700, parents=True, exist_ok=True)
        kind, _, rest = config.keys.partition(":")
        sources = [config.signing_key, *([config.path.parent / rest] if kind == "file" else [])]
        for source in sources:
            _copy_closed(source, keys_into / source.name)
    return made


async def restore(config: Config, folder: Path | None) -> Restored:
    """Put a backup in place of the store, record the gap, void what waited. `folder` None: PostgreSQL was put back by
    its own tools already. Everything is void before the store is in place; an error before that changes nothing."""
    keys, signer = key_ring(config), read_signing_key(config.signing_key)
    path = sqlite_path(config.store)
    if (folder is None) != (path is None):
        raise ConfigError("the folder of a backup is missing" if folder is None else PG_DUMP)
    outside = CheckpointDir(config.checkpoint_dir) if config.checkpoint_dir else None
    async with alone(config.store):
        replaced = await _replaced(config.store, keys) if path is not None else _Replaced()
        url, digest, before = config.store, "", newest_revision()
        if path is not None and folder is not None:
            digest = check_backup(folder, keys).digest
            url = f"sqlite:///{_fresh(path, 'restoring')}"
            copy_database(folder / STORE, Path(url.removeprefix("sqlite:///")))
            before = await read_store(url, revision_of)
            await prepare(url, migrate=True)
        mac_key = event_key(keys)
        earlier = await read_store(url, lambda conn: earlier_keys(conn, mac_key))
        verifiers = [signer.verifier, *replaced.keys, *earlier]
        kept = outside.newest(verifiers) if outside else None
        known = kept.checkpoint if kept else None
        async with open_store(url, keys=keys, alone=True) as store:
            size = await store.read(_size)
            given_up = max(size, replaced.size, known.size if known else 0)
            record: dict[str, JSON] = {
                "size": size,
                "given_up": given_up,
                "outside": {"size": known.size, "root": known.root.hex()} if known else None,
                "backup": digest,
                "by": by_host(),
                "topic": "restore",
            }
            accounts = Accounts(store)
            approvals = Approvals(store, accounts, keys, store.clock)
            if before != newest_revision():
                await _signed(store, accounts, approvals, before, digest)
            voided = await approvals.void(record, stopped=replaced.stopped)
            log = Log(store, signer, store.clock)
            await log.publish_key()  # the backup may be older than the key
            await log.sequence()
            forked = known is not None and not await _continues(store, known)
        aside = ""
        if path is not None:
            aside = f"{path.name}.before-restore-{_stamp()}"
            put_in_place(Path(url.removeprefix("sqlite:///")), path, aside=path.with_name(aside))
        if outside is not None:
            if forked:
                outside.set_aside(f"given-up-{_stamp()}")
            async with open_store(config.store, keys=keys, alone=True) as store:
                await Log(store, signer, store.clock, checkpoint_dir=outside.folder).sequence()
    return Restored(size, given_up, voided, aside)


@dataclass(frozen=True, slots=True)
class _Replaced:
    """What is known of the store that a backup takes the place of; nothing, where it is gone or damaged."""

    size: int = 0
    stopped: bool = False
    keys: tuple[VerifierKey, ...] = ()


async def _replaced(url: str, keys: KeyRing) -> _Replaced:
    def look(conn: Connection) -> _Replaced:
        return _Replaced(_size(conn), switch.stopped(conn, keys).on, tuple(earlier_keys(conn, event_key(keys))))

    try:
        return await read_store(url, look)
    except LockgateError:
        return _Replaced()


def _size(conn: Connection) -> int:
    last = last_checkpoint(conn)
    return 0 if last is None else int(last.size)


def _fresh(path: Path, why: str) -> Path:
    """A name beside the store for the copy that takes its place; what a crash left there goes."""
    new = path.with_name(f".{why}-{path.name}")
    for suffix in ("", "-wal", "-shm", "-journal", ".lock"):
        new.with_name(new.name + suffix).unlink(missing_ok=True)
    return new


async def upgrade(config: Config, folder: Path | None, *, backed_up: bool) -> Upgraded | None:
    """Back up, then migrate; None when the store fits already. An SQLite store is migrated as a copy, which takes the
    store's place when it is whole. StoreError: nothing was changed."""
    keys = key_ring(config)
    path = sqlite_path(config.store)
    if path is None and not backed_up:
        raise ConfigError(
            "a PostgreSQL store is backed up by its own tools first", hint=f"{PG_DUMP}, then give --backed-up"
        )
    async with alone(config.store):
        before = await read_store(config.store, revision_of)
        if before == newest_revision() and not await read_store(config.store, is_unsigned):
            return None
        saved, digest, new = "", "", None
        if path is not None:
            into = folder or config.path.parent / "backups" / f"before-upgrade-{_stamp()}"
            manifest = make_backup(path, into, keys, now_at=system_clock())
            saved, digest = str(into), manifest.digest
            new = _fresh(path, "upgrading")
            copy_database(path, new)
        url = config.store if new is None else f"sqlite:///{new}"
        await prepare(url, migrate=True)
        async with open_store(url, keys=keys, alone=True) as store:
            accounts = Accounts(store)
            await _signed(store, accounts, Approvals(store, accounts, keys, store.clock), before, digest)
        if path is not None and new is not None:
            put_in_place(new, path, aside=None)
    return Upgraded(before, newest_revision(), saved)


async def _signed(store: Store, accounts: Accounts, approvals: Approvals, before: str, digest: str) -> None:
    """What was written by a version that did not sign it is signed as it is, in one event with the migration."""
    body: dict[str, JSON] = {"from": before, "to": newest_revision(), "version": __version__, "backup": digest}
    await store.transact(lambda conn: sign_unsigned(conn, accounts, approvals, body))


async def _continues(store: Store, known: Checkpoint) -> bool:
    try:
        await store.read(lambda conn: must_continue(conn, known, "the checkpoint kept in checkpoint_dir"))
    except AuditError:
        return False
    return True


def _sqlite(config: Config) -> Path:
    path = sqlite_path(config.store)
    if path is None:
        raise ConfigError("this store is on PostgreSQL", hint=PG_DUMP)
    if not path.exists():
        raise StoreError(f"no store at {path.name}")
    return path


def _copy_closed(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(source.read_bytes())


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
