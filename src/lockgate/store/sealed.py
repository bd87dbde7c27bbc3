"""Rows that count only as they were written, though whoever can write the store can write them too.

A row of its own is under a MAC over its table and every column. A set of tables is under one MAC over all of their rows
together and a number that only grows, so that a row that was taken away, or put back as it once was, is found too.
The keys are outside of the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select, update

from lockgate.action import canonical
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.group import is_committed, writes_itself
from lockgate.store.seal import KeyRing
from lockgate.store.tables import log
from lockgate.store.tables.seals import seals

MAC = "mac"
RESTORE = "put back a good backup: lockgate restore"


def row_mac(keys: KeyRing, table: Table, values: Mapping[str, Any]) -> bytes:
    """The MAC of a row with these values, one for each column but its own."""
    return keys.mac("row", _row(table, values))


def is_row_genuine(keys: KeyRing, table: Table, row: Row[Any]) -> bool:
    """Whether the row is as somebody with the keys wrote it."""
    values = row._asdict()
    return keys.made("row", _row(table, values), bytes(values[MAC] or b""))


def change_row(conn: Connection, keys: KeyRing, table: Table, row: Row[Any], **changes: Any) -> bool:
    """Change a row, and its MAC; one that is not genuine is left as it is. Whether it was changed."""
    if not is_row_genuine(keys, table, row):
        return False
    mac = row_mac(keys, table, {**row._asdict(), **changes})
    conn.execute(update(table).where(table.c.id == row.id).values(**changes, mac=mac))
    return True


class OlderSet(StoreError):
    """The set is older than one that was seen; also where the snapshot is: a fresh one tells (`Store.read`)."""


class SealedSet:
    """Tables whose rows count together, or not at all. `check` before they are believed, `reseal` after a change, in
    the same transaction; the event of the change carries the number that `reseal` returns, under `name`."""

    def __init__(self, name: str, tables: Sequence[Table], keys: KeyRing, events: Sequence[str]) -> None:
        self.name = name
        self._tables = tables
        self._keys = keys
        self._events = events
        self._seen = 0
        """The highest number that this process has seen committed."""

    def check(self, conn: Connection) -> int:
        """The number of the set as it stands, 0 for one that nobody has written to. StoreError: not as written."""
        number, mac = self._seal(conn)
        rows = self._rows(conn)
        if not number and not any(rows.values()):
            self._not_older(0)
            return 0
        if not number:
            raise StoreError(f"the {self.name} is not sealed", hint="stop the server, then: lockgate upgrade")
        if not self._keys.made("set", self._message(number, rows), mac):
            raise StoreError(f"the {self.name} was changed behind Lockgate", hint=RESTORE)
        self._not_older(number)
        if is_committed(conn):
            self._seen = max(self._seen, number)
        return number

    def reseal(self, conn: Connection) -> int:
        """Seal what the transaction has made of it; the new number."""
        writes_itself(conn)
        number = self._seal(conn)[0] + 1
        mac = self._keys.mac("set", self._message(number, self._rows(conn)))
        if conn.execute(update(seals).where(seals.c.name == self.name).values(number=number, mac=mac)).rowcount == 0:
            conn.execute(insert(seals).values(name=self.name, number=number, mac=mac))
        return number

    def committed(self, events: Sequence[Event]) -> None:
        """These have been committed: a number that one of them carries has been seen (`Store.on_commit`)."""
        for event in events:
            if event.type in self._events:
                self._seen = max(self._seen, int(str(event.body.get(self.name, 0))))

    def check_with_log(self, conn: Connection) -> None:
        """`check`, and that the log knows of no later number. StoreError: an older set was put back.

        For a transaction of its own: whoever reads the log conflicts with whoever writes it.
        """
        key = event_key(self._keys)
        newest = 0
        query = select(log.events.c.id, log.events.c.leaf, log.events.c.mac).where(log.events.c.type.in_(self._events))
        for row in conn.execute(query):
            leaf = json.loads(bytes(row.leaf))
            if not is_genuine(key, bytes(row.leaf), bytes(row.mac)) or leaf["id"] != row.id:
                raise StoreError(f"an event about the {self.name} was changed", hint="lockgate audit verify names it")
            newest = max(newest, int(leaf["body"].get(self.name, 0)))
        self._seen = max(self._seen, newest)
        self.check(conn)

    def is_known_to_log(self, conn: Connection) -> bool:
        """Whether the log names a number of this set: it was sealed once."""
        leaves = conn.execute(select(log.events.c.leaf).where(log.events.c.type.in_(self._events))).scalars()
        return any(self.name in json.loads(bytes(leaf))["body"] for leaf in leaves)

    def _not_older(self, number: int) -> None:
        if number < self._seen:
            raise OlderSet(f"an older {self.name} was put back behind Lockgate", hint=RESTORE)

    def _seal(self, conn: Connection) -> tuple[int, bytes]:
        row = conn.execute(select(seals).where(seals.c.name == self.name)).first()
        return (0, b"") if row is None else (int(row.number), bytes(row.mac))

    def _rows(self, conn: Connection) -> dict[str, list[bytes]]:
        # Sorted here: the order of a database changes with its collation.
        return {
            table.name: sorted(canonical(list(row)) for row in conn.execute(select(table)).all())
            for table in self._tables
        }

    def _message(self, number: int, rows: Mapping[str, Sequence[bytes]]) -> bytes:
        lines = [f"{self.name} {number}".encode()]
        for table, found in sorted(rows.items()):
            lines += [f"{table} {len(found)}".encode(), *found]
        return b"\n".join(lines)


def _row(table: Table, values: Mapping[str, Any]) -> bytes:
    return canonical({"table": table.name, **{c.name: values[c.name] for c in table.columns if c.name != MAC}})
