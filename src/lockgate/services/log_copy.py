"""Read a copy of the log without a server: an SQLite store's file, opened read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from lockgate.audit import Entry, Report, Verdict, VerifierKey, verify_log
from lockgate.errors import AuditError
from lockgate.store import KeyRing
from lockgate.store.event_mac import event_key, is_genuine


class LogCopy:
    """`with closing(…)` is not needed: each call opens the file and closes it again."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise AuditError(f"no store at {path.name}", hint="give the store's file, e.g. state/lockgate.db")
        self._path = path

    def _open(self) -> sqlite3.Connection:
        # A copy of a store in WAL mode may come without its -wal file; read-only opens either.
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)

    def verify(self, verifiers: list[VerifierKey], kept: list[str], keys: KeyRing | None = None) -> Report:
        """The whole log; with `keys`, also what no signed tree covers yet, by its MACs. AuditError: it is no store."""
        try:
            with closing(self._open()) as conn:
                notes = [row[0] for row in conn.execute("SELECT note FROM checkpoints ORDER BY size")]
                pending = conn.execute("SELECT count(*) FROM events WHERE leaf_index IS NULL").fetchone()[0]
                report = verify_log(_entries(conn), notes, verifiers, kept=kept, pending=pending)
                for problem in _changed_before_signing(conn, keys):
                    report.problems.append(problem)
                    report.verdict = Verdict.BROKEN
                return report
        except sqlite3.Error as error:
            raise AuditError("the file is not a readable store", hint="was it copied whole?") from error

    def public_key(self) -> str:
        """The key that the store itself names. AuditError: the file is no store."""
        try:
            with closing(self._open()) as conn:
                row = conn.execute("SELECT value FROM settings WHERE name = 'log_public_key'").fetchone()
        except sqlite3.Error as error:
            raise AuditError("the file is not a readable store", hint="was it copied whole?") from error
        return "" if row is None else str(row[0])


def _entries(conn: sqlite3.Connection) -> Iterator[Entry]:
    query = (
        "SELECT e.leaf_index, e.id, e.leaf, n.hash, e.type, e.request FROM events e"
        " LEFT JOIN nodes n ON n.level = 0 AND n.position = e.leaf_index"
        " WHERE e.leaf_index IS NOT NULL ORDER BY e.leaf_index"
    )
    for index, id_, leaf, hash_, type_, request in conn.execute(query):
        yield Entry(index, str(id_), bytes(leaf), bytes(hash_ or b""), (str(type_), str(request)))


def _changed_before_signing(conn: sqlite3.Connection, keys: KeyRing | None) -> Iterator[str]:
    """Events that the sequencer refuses, by their names."""
    if keys is None:
        return
    key = event_key(keys)
    for id_, leaf, mac in conn.execute("SELECT id, leaf, mac FROM events WHERE leaf_index IS NULL ORDER BY seq"):
        if not is_genuine(key, bytes(leaf), bytes(mac)):
            yield f"event {id_} was changed before it was signed"
