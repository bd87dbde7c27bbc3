"""The vault, open: surrogates and offsets that stay the same, the way back, and erasure."""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, delete, func, insert, select

from lockgate.errors import VaultError
from lockgate.phi.vault import Draw, Want, draw_all, draw_offset, normal
from lockgate.store.vault.engines import Engine, SqliteFile
from lockgate.store.vault.keys import VaultKey
from lockgate.store.vault.looking import TakenPlaces, among, batches, pages, present
from lockgate.store.vault.tables import about, entries, known, offsets

MOST_CACHED = 100_000
BATCH = 5_000
"""Originals in one transaction; of more, several follow one another."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """What a surrogate stands for. `repr` shows neither."""

    cls: str
    surrogate: str
    original: str

    def __repr__(self) -> str:
        return f"Revealed({self.cls})"


@dataclass(frozen=True, slots=True)
class Status:
    """How much is in it, and which key opens it."""

    schema: int
    fingerprint: str
    created_at: int
    patients: int
    surrogates: int
    offsets: int


class SealedVault:
    """Open with `open_vault`. Any number of threads and processes may use one vault; all get the same answers."""

    def __init__(self, engine: Engine, key: VaultKey, *, most_cached: int = MOST_CACHED) -> None:
        self._engine = engine
        self._key = key
        self._rng = random.SystemRandom()
        self._cache: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._most_cached = most_cached
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Of the key that it is under."""
        return self._key.fingerprint

    def close(self) -> None:
        self._engine.close()

    def __enter__(self) -> SealedVault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def surrogates(self, patient: str, wanted: Sequence[tuple[str, str, Draw]]) -> list[str]:
        """The surrogate of each `(class, normalised original, draw)`, the same ever after. One question to the
        database for what is there, one transaction for what is new.

        VaultError: a class has no free value left. StoreError: the database is away; nothing new was given out.
        """
        return self.surrogates_of([Want(patient, *one) for one in wanted])

    def surrogates_of(self, wanted: Sequence[Want]) -> list[str]:
        """`surrogates` for many patients at once, as in the columns of a table."""
        answers: dict[tuple[str, ...], str] = {}
        fresh: dict[tuple[str, ...], Want] = {}
        with self._lock:
            for want in wanted:
                name = want[:3]
                if (kept := self._cache.get(name)) is not None:
                    self._cache.move_to_end(name)
                    answers[name] = kept
                else:
                    fresh[name] = want
        answers.update(self._looked_up(list(fresh.values())))
        self._keep({name: answers[name] for name in fresh})
        return [answers[want[:3]] for want in wanted]

    def offset(self, patient: str) -> int:
        """Days by which the dates of this patient are shifted, the same ever after: ±1 to 364, never 0."""
        return self.offsets([patient])[0]

    def offsets(self, patients: Sequence[str]) -> list[int]:
        """`offset` for many."""
        answers: dict[str, int] = {}
        with self._lock:
            answers.update({p: int(self._cache["offset", p]) for p in patients if ("offset", p) in self._cache})
        fresh = list(dict.fromkeys(p for p in patients if p not in answers))
        for batch in batches(fresh, BATCH):
            names = {self._key.patient(patient): patient for patient in batch}
            found = self._engine.read(partial(self._offsets, names=names))
            if len(found) < len(names):
                found = self._engine.write(partial(self._new_offsets, names=names))
            answers.update({names[name]: days for name, days in found.items()})
        self._keep({("offset", patient): str(answers[patient]) for patient in fresh})
        return [answers[patient] for patient in patients]

    def register(self, originals: Sequence[str]) -> None:
        """Originals that no surrogate may be from now on, whoever asks for one. Only their keyed hashes are kept, tied
        to nobody; those that nobody has a surrogate for by the next change of key are forgotten with it."""
        for names in batches(list({self._key.known(original) for original in originals}), BATCH):
            if len(self._engine.read(partial(present, column=known.c.value, names=names))) < len(names):
                self._engine.write(partial(self._note, names=names))

    def reveal(self, patient: str, surrogates: Sequence[str]) -> list[Revealed]:
        """What these surrogates of this patient stand for; those that stand for nothing of theirs are left out.
        They may be as they stand in a text: case, white space and separators do not count, and of several words each
        is looked up too, for the engine replaces names word by word."""
        asked = {normal(one) for surrogate in surrogates for one in (surrogate, *surrogate.split())}

        def look(conn: Connection) -> list[Revealed]:
            where = entries.c.patient == self._key.patient(patient)
            rows = conn.execute(select(entries.c.entry, entries.c.sealed).where(where).order_by(entries.c.entry))
            opened = (self._open(row.entry, row.sealed) for row in rows)
            return [
                Revealed(cls, surrogate, original)
                for _, cls, original, surrogate in opened
                if normal(surrogate) in asked
            ]

        return self._engine.read(look)

    def forget(self, patient: str) -> int:
        """Erase a patient: how many surrogates there were. Whoever has cached them gives them out until they end, and
        copies of the database keep what they have."""

        def unit(conn: Connection) -> int:
            self._check(conn)
            name = self._key.patient(patient)
            rows = conn.execute(select(entries.c.entry, entries.c.sealed).where(entries.c.patient == name)).all()
            gone = {self._key.known(self._open(row.entry, row.sealed)[2]) for row in rows}
            conn.execute(delete(entries).where(entries.c.patient == name))
            conn.execute(delete(offsets).where(offsets.c.patient == name))
            # An original that somebody else has too stays known; there is no count of them to go by (tables).
            for row in pages(conn, entries.c.entry) if gone else ():
                gone.discard(self._key.known(self._open(row.entry, row.sealed)[2]))
            for batch in batches(list(gone)):
                where, names = among(conn, known.c.value, batch)
                conn.execute(delete(known).where(where), names)
            return len(rows)

        count = self._engine.write(unit)
        with self._lock:
            self._cache = OrderedDict((k, v) for k, v in self._cache.items() if patient not in (k[0], k[1]))
        if isinstance(self._engine, SqliteFile):
            self._engine.wipe()
        return count

    def status(self) -> Status:
        def look(conn: Connection) -> Status:
            row = conn.execute(select(about)).one()
            patients = select(entries.c.patient).union(select(offsets.c.patient)).subquery()
            counts = [
                int(conn.execute(select(func.count()).select_from(table)).scalar_one())
                for table in (patients, entries, offsets)
            ]
            return Status(row.schema, row.fingerprint, row.created_at, *counts)

        return self._engine.read(look)

    def _looked_up(self, wanted: Sequence[Want]) -> dict[tuple[str, ...], str]:
        named = {self._key.entry(*want[:3]): want for want in wanted}
        found: dict[bytes, str] = {}
        for names in batches(list(named), BATCH):
            found |= self._engine.read(partial(self._entries, names=names))
        missing = [(entry, want) for entry, want in named.items() if entry not in found]
        parts = list(batches(missing, BATCH))
        if len(parts) > 1:
            # Known before anything is drawn, also what a later part is about.
            self.register([want.original for _, want in missing])
        for part in parts:
            found |= self._engine.write(partial(self._new_entries, missing=dict(part)))
        return {want[:3]: found[entry] for entry, want in named.items()}

    def _entries(self, conn: Connection, names: Sequence[bytes]) -> dict[bytes, str]:
        where, parameters = among(conn, entries.c.entry, names)
        rows = conn.execute(select(entries.c.entry, entries.c.sealed).where(where), parameters)
        return {bytes(row.entry): self._open(row.entry, row.sealed)[3] for row in rows}

    def _new_entries(self, conn: Connection, missing: dict[bytes, Want]) -> dict[bytes, str]:
        """Nobody else writes meanwhile: what somebody wrote since we looked is theirs, the rest is drawn."""
        found = self._entries(conn, list(missing))
        fresh = {entry: want for entry, want in missing.items() if entry not in found}
        self._note(conn, [self._key.known(want.original) for want in fresh.values()])
        drawn = draw_all(list(fresh.values()), self._rng, TakenPlaces(conn, self._key))
        rows = [
            {
                "entry": entry,
                "patient": self._key.patient(want.patient),
                "own": one.own,
                "wide": one.wide,
                "sealed": self._key.seal("entries", entry, [*want[:3], one.surrogate]),
            }
            for (entry, want), one in zip(fresh.items(), drawn, strict=True)
        ]
        if rows:
            conn.execute(insert(entries), rows)
        return found | {entry: one.surrogate for entry, one in zip(fresh, drawn, strict=True)}

    def _note(self, conn: Connection, names: Iterable[bytes]) -> None:
        self._check(conn)
        for batch in batches(list(dict.fromkeys(names))):
            there = set(present(conn, known.c.value, batch))
            rows = [{"value": name} for name in batch if name not in there]
            if rows:
                conn.execute(insert(known), rows)

    def _offsets(self, conn: Connection, names: Iterable[bytes]) -> dict[bytes, int]:
        where, parameters = among(conn, offsets.c.patient, list(names))
        rows = conn.execute(select(offsets).where(where), parameters)
        return {
            bytes(row.patient): int(self._key.open("offsets", bytes(row.patient), bytes(row.sealed))[1]) for row in rows
        }

    def _new_offsets(self, conn: Connection, names: dict[bytes, str]) -> dict[bytes, int]:
        self._check(conn)
        found = self._offsets(conn, names)
        fresh = {name: draw_offset(self._rng) for name in names if name not in found}
        rows = [
            {"patient": name, "sealed": self._key.seal("offsets", name, [names[name], str(days)])}
            for name, days in fresh.items()
        ]
        if rows:
            conn.execute(insert(offsets), rows)
        return found | fresh

    def _check(self, conn: Connection) -> None:
        """Whoever opened the vault before its key was changed writes nothing under the old one."""
        if conn.execute(select(about.c.key)).scalar_one() != self._key.id:
            raise VaultError(
                "the vault has another key since it was opened", hint="open it again with the key file of now"
            )

    def _open(self, entry: bytes, sealed: bytes) -> list[str]:
        return self._key.open("entries", bytes(entry), bytes(sealed))

    def _keep(self, answers: dict[tuple[str, ...], str]) -> None:
        with self._lock:
            self._cache.update(answers)
            while len(self._cache) > self._most_cached:
                self._cache.popitem(last=False)
