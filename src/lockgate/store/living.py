"""Which processes that have a store open still live. No clock is asked: a lock ends with whoever holds it.

SQLite: a locked file an instance, beside the store. PostgreSQL: an advisory lock in two halves, held by the session
that listens (`presence`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from lockgate.store.exclusive import SESSION_LOCK

SUFFIX = ".alive"


def lock_of(instance: str) -> int:
    """The second half of an instance's advisory lock: 32 bits, signed as PostgreSQL has them."""
    return int.from_bytes(hashlib.sha256(instance.encode()).digest()[:4], signed=True)


def living_sessions(conn: Connection, instances: Iterable[str]) -> frozenset[str]:
    """Those of the instances whose session has its lock."""
    free = "SELECT pg_try_advisory_xact_lock($1, $2)"
    return frozenset(
        name for name in instances if not conn.exec_driver_sql(free, (SESSION_LOCK, lock_of(name))).scalar()
    )


def mark_of(instance: str) -> str:
    """An instance as the server's list of locks has it."""
    return str(lock_of(instance) & 0xFFFFFFFF)


def present_sessions(conn: Connection) -> frozenset[str]:
    """The marks of all whose session has its lock, read without trying for any: nobody who comes back is in the way."""
    held = (
        "SELECT objid::text FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
        "AND classid::bigint = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return frozenset(row[0] for row in conn.exec_driver_sql(held, (SESSION_LOCK,)))


@contextlib.contextmanager
def alive(store: Path, instance: str) -> Iterator[None]:
    """Hold the instance's file locked; gone afterwards."""
    path = _file(store, instance)
    descriptor = _locked(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def living_files(store: Path, instances: Iterable[str]) -> frozenset[str]:
    """Those of the instances whose file is locked."""
    return frozenset(name for name in instances if _is_locked(_file(store, name)))


def present_files(store: Path) -> frozenset[str]:
    """The instances whose file is locked."""
    found = {path: path.name.removeprefix(f"{store.name}.").removesuffix(SUFFIX) for path in _files(store)}
    return frozenset(name for path, name in found.items() if _is_locked(path))


def sweep_files(store: Path) -> None:
    """Take away the files of processes that were killed."""
    for path in _files(store):
        if not _is_locked(path):
            path.unlink(missing_ok=True)


def _file(store: Path, instance: str) -> Path:
    return store.with_name(f"{store.name}.{instance}{SUFFIX}")


def _files(store: Path) -> list[Path]:
    return list(store.parent.glob(f"{store.name}.*{SUFFIX}"))


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(OSError):
            # A sweep between making and locking it would leave a lock that nobody finds.
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
