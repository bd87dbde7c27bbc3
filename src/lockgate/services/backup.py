"""A backup of an SQLite store: one consistent file, taken while the server runs, and a manifest under a MAC.

The MAC's key comes from the key ring, which is not in the backup: a backup that somebody edited is not put back. It
holds what the store holds: no PHI but in sealed payloads, which open with the key ring only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from lockgate.action import JSON, canonical
from lockgate.errors import StoreError
from lockgate.services.log_tree import last_checkpoint, waiting_events
from lockgate.store.reading import read_file
from lockgate.store.schema import revision_of
from lockgate.store.seal import KeyRing

STORE = "lockgate.db"
CHECKPOINT = "checkpoint"
MANIFEST = "manifest.json"
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: digests of its files, the log's size and root, events not signed yet, schema."""

    made_at: int
    schema: str
    size: int
    root: str
    unsigned: int
    files: dict[str, str]

    def body(self) -> dict[str, JSON]:
        return {
            "made_at": self.made_at,
            "schema": self.schema,
            "size": self.size,
            "root": self.root,
            "unsigned": self.unsigned,
            "files": dict(self.files),
        }

    @property
    def digest(self) -> str:
        return hashlib.sha256(canonical(self.body())).hexdigest()


@dataclass(frozen=True, slots=True)
class _Found:
    schema: str
    size: int
    root: str
    note: str
    unsigned: int


def make_backup(store: Path, folder: Path, keys: KeyRing, *, now_at: int) -> Manifest:
    """Copy the store into an empty or new folder (mode 0700). StoreError: not empty, unreadable, or damaged."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError("the folder for the backup is not empty", hint="give a new one")
        copy_database(store, folder / STORE)
        found = read_file(folder / STORE, _look)
        _write(folder / CHECKPOINT, found.note.encode())
        digests = {name: _digest(folder / name) for name in (STORE, CHECKPOINT)}
        manifest = Manifest(now_at, found.schema, found.size, found.root, found.unsigned, digests)
        sealed = {**manifest.body(), "mac": _mac(manifest, keys)}
        _write(folder / MANIFEST, json.dumps(sealed, indent=2, sort_keys=True).encode() + b"\n")
    except OSError as error:
        raise StoreError("the backup cannot be written", hint="is the disk full?") from error
    return manifest


def check_backup(folder: Path, keys: KeyRing) -> Manifest:
    """The manifest of a whole and unchanged backup. StoreError: it is not one, or was made under other keys."""
    try:
        written = json.loads((folder / MANIFEST).read_text())
        mac = str(written.pop("mac"))
        manifest = Manifest(**written)
        if not hmac.compare_digest(mac, _mac(manifest, keys)):
            raise StoreError("the backup was changed, or made under other keys", hint="use the keys of that time")
        for name in (STORE, CHECKPOINT):
            if _digest(folder / name) != manifest.files[name]:
                raise StoreError(f"{name} is not the file that was backed up", hint="use another backup")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError("this is no backup of a store", hint="lockgate backup makes one") from error
    return manifest


def copy_database(source: Path, target: Path) -> None:
    """A consistent, durable copy of an SQLite database that may be in use; refuses a damaged one."""
    if not source.is_file():
        raise StoreError(f"no store at {source.name}")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(target)) as to:
            from_.backup(to)
            to.execute("PRAGMA journal_mode = DELETE")
            if to.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise StoreError("the store is damaged", hint="restore the newest good backup")
    except sqlite3.Error as error:
        raise StoreError("the store cannot be copied", hint="is it an SQLite store, and is the disk full?") from error
    sync(target)


def put_in_place(new: Path, store: Path, *, aside: Path | None) -> None:
    """Replace a store that nobody has open by `new`, durably; what was there is kept at `aside`."""
    for suffix in ("-wal", "-shm"):
        if store.with_name(store.name + suffix).exists() and store.exists():
            # Take what is in the journal into the file, so that one file is the whole store.
            with closing(sqlite3.connect(store)) as conn:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                conn.execute("PRAGMA journal_mode = DELETE")
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    if aside is not None and store.exists():
        os.link(store, aside)
    os.replace(new, store)
    sync(store.parent)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _look(conn: Connection) -> _Found:
    last = last_checkpoint(conn)
    if last is None:
        return _Found(revision_of(conn), 0, "", "", waiting_events(conn))
    return _Found(revision_of(conn), int(last.size), bytes(last.root).hex(), str(last.note), waiting_events(conn))


def _mac(manifest: Manifest, keys: KeyRing) -> str:
    return hmac.new(keys.derive("backup-mac"), canonical(manifest.body()), hashlib.sha256).hexdigest()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
