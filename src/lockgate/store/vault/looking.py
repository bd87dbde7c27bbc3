"""Questions to the vault's tables: which of these are there, and everything a page at a time."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, LargeBinary, Row, any_, bindparam, select

from lockgate.phi.vault import Want
from lockgate.store.vault.keys import VaultKey
from lockgate.store.vault.tables import entries, known

T = TypeVar("T")
MOST_NAMED = 10_000
"""Names in one question: SQLite takes 32,766 parameters at most."""
PAGE = 2_000


class TakenPlaces:
    """`lockgate.phi.vault.Places`, as the database has them."""

    def __init__(self, conn: Connection, key: VaultKey) -> None:
        self._conn = conn
        self._key = key

    def of(self, want: Want, candidate: str) -> tuple[bytes, bytes]:
        return self._key.own(want, candidate), self._key.wide(want, candidate)

    def taken(self, own: Sequence[bytes], wide: Sequence[bytes]) -> Container[bytes]:
        return {
            found
            for column, places in ((entries.c.own, own), (entries.c.wide, wide))
            for batch in batches(places)
            for found in present(self._conn, column, batch)
        }

    def known(self, candidates: Sequence[str]) -> Container[str]:
        named: dict[bytes, list[str]] = {}
        for candidate in candidates:
            named.setdefault(self._key.known(candidate), []).append(candidate)
        return {
            candidate
            for batch in batches(list(named))
            for name in present(self._conn, known.c.value, batch)
            for candidate in named[name]
        }


def among(
    conn: Connection, column: Column[bytes], names: Sequence[bytes]
) -> tuple[ColumnElement[bool], dict[str, Any]]:
    """The condition that the column is one of these, and its parameters: one text for any number of them where the
    database takes a list."""
    if conn.dialect.name == "postgresql":
        return column == any_(bindparam("names", type_=ARRAY(LargeBinary))), {"names": list(names)}
    return column.in_(names), {}


def present(conn: Connection, column: Column[bytes], names: Sequence[bytes]) -> list[bytes]:
    """Those of the names that the column has."""
    where, parameters = among(conn, column, names)
    return [bytes(name) for name in conn.execute(select(column).where(where), parameters).scalars()]


def pages(conn: Connection, column: Column[bytes]) -> Iterator[Row[Any]]:
    """Every row of the column's table, a page at a time, in the order of the column."""
    last = b""
    while rows := conn.execute(select(column.table).where(column > last).order_by(column).limit(PAGE)).all():
        yield from rows
        last = bytes(getattr(rows[-1], column.name))


def batches(items: Sequence[T], size: int = MOST_NAMED) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
