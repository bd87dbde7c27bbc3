"""Another key for the vault: every row is opened, named anew and sealed anew, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, update

from lockgate.phi.vault import Want
from lockgate.store.seal import KeyRing
from lockgate.store.vault.engines import SqliteFile, engine_of
from lockgate.store.vault.keys import VaultKey
from lockgate.store.vault.looking import among, batches, pages, present
from lockgate.store.vault.opening import key_of, must_be_there
from lockgate.store.vault.tables import about, entries, known, offsets

AT_ONCE = 2_000


def rotate_vault(url: str, keys: KeyRing) -> int:
    """Put the vault under the current key of the ring, which must also hold the one that it is under now; how many
    rows were sealed anew, 0 where it is under the current key already. Surrogates stay what they are; whoever has the
    vault open is refused the next time that it would write, and opens it again."""
    must_be_there(url)
    engine = engine_of(url, unbounded=True)
    try:
        count = engine.write(lambda conn: _rotate(conn, keys))
        if isinstance(engine, SqliteFile):
            engine.wipe()
    finally:
        engine.close()
    return count


def _rotate(conn: Connection, keys: KeyRing) -> int:
    before, after = key_of(conn, keys), VaultKey.of(keys, keys.current)
    if before.id == after.id:
        return 0
    conn.execute(delete(known))
    count = 0
    # A row that was written anew may be met again, further on: its own words say under which key it is.
    for rows in _many(row for row in pages(conn, entries.c.entry) if not after.sealed(bytes(row.sealed))):
        _entries(conn, before, after, rows)
        count += len(rows)
    for rows in _many(row for row in pages(conn, offsets.c.patient) if not after.sealed(bytes(row.sealed))):
        _offsets(conn, before, after, rows)
        count += len(rows)
    conn.execute(update(about).values(key=after.id, fingerprint=after.fingerprint, mac=after.mac()))
    return count


def _entries(conn: Connection, before: VaultKey, after: VaultKey, rows: Sequence[Row[Any]]) -> None:
    fresh, originals = [], set()
    for row in rows:
        patient, cls, original, surrogate = before.open("entries", bytes(row.entry), bytes(row.sealed))
        entry = after.entry(patient, cls, original)
        want = Want(patient, cls, original, lambda _: "")
        originals.add(after.known(original))
        fresh.append(
            {
                "entry": entry,
                "patient": after.patient(patient),
                "own": after.own(want, surrogate),
                "wide": None if row.wide is None else after.wide(want, surrogate),
                "sealed": after.seal("entries", entry, [patient, cls, original, surrogate]),
            }
        )
    where, names = among(conn, entries.c.entry, [bytes(row.entry) for row in rows])
    conn.execute(delete(entries).where(where), names)
    conn.execute(insert(entries), fresh)
    originals -= set(present(conn, known.c.value, list(originals)))
    if originals:
        conn.execute(insert(known), [{"value": name} for name in originals])


def _offsets(conn: Connection, before: VaultKey, after: VaultKey, rows: Sequence[Row[Any]]) -> None:
    fresh = []
    for row in rows:
        texts = before.open("offsets", bytes(row.patient), bytes(row.sealed))
        name = after.patient(texts[0])
        fresh.append({"patient": name, "sealed": after.seal("offsets", name, texts)})
    where, names = among(conn, offsets.c.patient, [bytes(row.patient) for row in rows])
    conn.execute(delete(offsets).where(where), names)
    conn.execute(insert(offsets), fresh)


def _many(rows: Iterable[Row[Any]]) -> Iterable[Sequence[Row[Any]]]:
    page: list[Row[Any]] = []
    for row in rows:
        page.append(row)
        if len(page) == AT_ONCE:
            yield page
            page = []
    yield from batches(page)
