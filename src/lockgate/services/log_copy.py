"""Verify the log of a store, or of a copy of it, without a server: an SQLite file or a PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from lockgate.audit import Entry, Report, Verdict, VerifierKey, verify_log
from lockgate.errors import AuditError, StoreError
from lockgate.services.log_keys import in_force
from lockgate.services.log_tree import waiting_events
from lockgate.store import KeyRing
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.reading import read_file, read_store
from lockgate.store.tables import log as t

T = TypeVar("T")
AT_ONCE = 1000


class LogCopy:
    """`store` is a file or a URL. Each call reads one snapshot; nothing is written and no key is needed."""

    def __init__(self, store: Path | str) -> None:
        self._url = store if isinstance(store, str) and store.startswith("postgresql://") else ""
        self._path = Path(store)
        if not self._url and not self._path.is_file():
            raise AuditError(f"no store at {self._path.name}", hint="give the store's file, e.g. state/lockgate.db")

    def verify(self, verifiers: list[VerifierKey], kept: list[str], keys: KeyRing | None = None) -> Report:
        """The whole log; with `keys`, also what no signed tree covers yet, by its MACs. AuditError: it is no store."""

        def look(conn: Connection) -> Report:
            notes = conn.execute(select(t.checkpoints.c.note).order_by(t.checkpoints.c.size)).scalars().all()
            pending = waiting_events(conn)
            report = verify_log(_entries(conn), notes, verifiers, kept=kept, pending=pending)
            for problem in _changed_before_signing(conn, keys):
                report.problems.append(problem)
                report.verdict = Verdict.BROKEN
            return report

        return self._read(look)

    def public_key(self) -> str:
        """The key that the store itself names. AuditError: it is no store."""
        return self._read(in_force)

    def _read(self, look: Callable[[Connection], T]) -> T:
        try:
            if self._url:
                return asyncio.run(read_store(self._url, look))
            return read_file(self._path, look)
        except (SQLAlchemyError, StoreError) as error:
            what = "the database" if self._url else "the file"
            raise AuditError(f"{what} is not a readable store", hint="was it copied whole?") from error


def _entries(conn: Connection) -> Iterator[Entry]:
    e, n = t.events, t.nodes
    query = (
        select(e.c.leaf_index, e.c.id, e.c.leaf, n.c.hash, e.c.type, e.c.request)
        .join(n, (n.c.level == 0) & (n.c.position == e.c.leaf_index), isouter=True)
        .where(e.c.leaf_index.is_not(None))
        .order_by(e.c.leaf_index)
    )
    for row in conn.execute(query, execution_options={"yield_per": AT_ONCE}):
        filed = (str(row.type), str(row.request))
        yield Entry(row.leaf_index, str(row.id), bytes(row.leaf), bytes(row.hash or b""), filed)


def _changed_before_signing(conn: Connection, keys: KeyRing | None) -> Iterator[str]:
    """Events that the sequencer refuses, by their names."""
    if keys is None:
        return
    key, e = event_key(keys), t.events
    query = select(e.c.id, e.c.leaf, e.c.mac).where(e.c.leaf_index.is_(None)).order_by(e.c.seq)
    for row in conn.execute(query):
        if not is_genuine(key, bytes(row.leaf), bytes(row.mac)):
            yield f"event {row.id} was changed before it was signed"
