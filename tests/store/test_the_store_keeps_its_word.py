"""The store on SQLite and on a real PostgreSQL: all or nothing, events with their change, everybody told."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lockgate.audit.event import Event
from lockgate.errors import ConfigError, NotCanonical, SealError, StoreError
from lockgate.store import KeyRing, open_store, write_key_file
from lockgate.store.outbox import claim, dead_letters, put, settle
from lockgate.store.tables.log import events
from lockgate.store.tables.settings import settings


def setting(name: str, value: str):
    def unit(conn):
        conn.execute(insert(settings).values(name=name, value=value))
        return name, [Event("intent", {"request": f"req_{name}", "execution": name})]

    return unit


async def test_a_unit_and_its_event_are_there_together(store_url):
    async with open_store(store_url, keys=KeyRing.generate()) as store:
        heard: list[str] = []
        store.listen(heard.append)
        done = await store.commit(setting("a", "1"))
        rows = await store.read(lambda conn: conn.execute(select(events.c.id, events.c.leaf)).all())
        assert [row.id for row in rows] == list(done.event_ids)
        assert json.loads(bytes(rows[0].leaf))["body"]["execution"] == "a"
        await asyncio.sleep(0.2)
        assert heard == ["req_a"]


async def test_a_failing_unit_leaves_nothing_and_harms_nobody(store_url):
    async with open_store(store_url, keys=KeyRing.generate()) as store:

        def fails(conn):
            setting("b", "1")(conn)
            raise ValueError("on purpose")

        results = await asyncio.gather(store.transact(fails), store.transact(setting("c", "1")), return_exceptions=True)
        assert isinstance(results[0], ValueError)
        assert results[1] == "c"
        names = await store.read(lambda conn: set(conn.execute(select(settings.c.name)).scalars()))
        assert names == {"c"}
        assert await store.read(lambda conn: conn.execute(select(func.count()).select_from(events)).scalar()) == 1


async def test_a_unit_whose_event_has_no_canonical_form_leaves_nothing(store_url):
    async with open_store(store_url, keys=KeyRing.generate()) as store:

        def fails(conn):
            setting("d", "1")(conn)
            return None, [Event("intent", {"rows": 1.5})]

        units = [store.transact(unit) for unit in (setting("e", "1"), fails, setting("f", "1"))]
        results = await asyncio.gather(*units, return_exceptions=True)
        assert isinstance(results[1], NotCanonical)
        assert await store.read(lambda conn: set(conn.execute(select(settings.c.name)).scalars())) == {"e", "f"}


async def test_a_failing_unit_that_only_writes_events_takes_no_other_with_it(store_url):
    async with open_store(store_url, keys=KeyRing.generate()) as store:
        only_events = [Event("intent", {"execution": "g"}), Event("intent", {"rows": 1.5})]
        units = [setting("h", "1"), lambda _: (None, only_events), setting("i", "1")]
        results = await asyncio.gather(*(store.transact(unit) for unit in units), return_exceptions=True)
        assert isinstance(results[1], NotCanonical)
        assert await store.read(lambda conn: set(conn.execute(select(settings.c.name)).scalars())) == {"h", "i"}
        assert await store.read(lambda conn: conn.execute(select(func.count()).select_from(events)).scalar()) == 2


async def test_many_at_once_all_arrive(store_url):
    async with open_store(store_url, keys=KeyRing.generate()) as store:
        await asyncio.gather(*(store.transact(setting(f"n{i}", "1")) for i in range(60)))
        assert await store.read(lambda conn: conn.execute(select(func.count()).select_from(events)).scalar()) == 60


async def test_a_second_opening_finds_what_the_first_left(store_url):
    keys = KeyRing.generate()
    async with open_store(store_url, keys=keys) as store:
        await store.transact(setting("kept", "1"))
    async with open_store(store_url, keys=keys) as store:
        assert await store.read(lambda conn: set(conn.execute(select(settings.c.name)).scalars())) == {"kept"}


@pytest.mark.parametrize("bad", ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/none"])
async def test_an_unreachable_store_says_so(bad):
    with pytest.raises(StoreError):
        async with open_store(bad, keys=KeyRing.generate()):
            pass


async def test_the_outbox_retries_and_gives_up_at_last(store_url):
    async with open_store(store_url, keys=KeyRing.generate()) as store:
        await store.transact(lambda conn: (put(conn, "webhook", "http://x", {"a": 1}, now_at=0), []))
        now = 0
        for attempt in range(1, 9):
            found = await store.transact(lambda conn, now=now: (claim(conn, "webhook", now_at=now), []))
            assert [m.attempts for m in found] == [attempt]
            assert await store.transact(lambda conn, now=now: (claim(conn, "webhook", now_at=now), [])) == [], "leased"
            await store.transact(lambda conn, m=found[0], now=now: (settle(conn, m, error="HTTP 500", now_at=now), []))
            now += 3_600_000_000
        assert [row[2] for row in await store.read(dead_letters)] == ["HTTP 500"]


def test_a_sealed_payload_opens_only_with_its_key_and_in_its_place():
    keys = KeyRing.generate()
    sealed = keys.seal(b"SELECT 1", b"req_1")
    assert keys.open(sealed, b"req_1") == b"SELECT 1"
    assert b"SELECT" not in sealed
    for ring, context, data in (
        (keys, b"req_2", sealed),
        (KeyRing.generate(), b"req_1", sealed),
        (keys, b"req_1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (keys, b"req_1", b""),
    ):
        with pytest.raises(SealError):
            ring.open(data, context)


def test_a_rotated_ring_opens_what_the_old_key_sealed_and_derives_the_same():
    old = KeyRing.generate()
    new = KeyRing.parse(old.rotated())
    assert new.current != old.current
    assert new.open(old.seal(b"x", b""), b"") == b"x"
    assert new.derive("tokens") == old.derive("tokens")
    with pytest.raises(SealError):
        old.open(new.seal(b"x", b""), b"")


def test_a_key_file_is_closed_to_others_or_not_used(tmp_path):
    path = tmp_path / "keys"
    ring = write_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.from_file(path) == ring
    os.chmod(path, 0o644)
    with pytest.raises(ConfigError):
        KeyRing.from_file(path)
    with pytest.raises(FileExistsError):
        write_key_file(path)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_commit_whose_answer_is_lost_is_looked_for(hospital, monkeypatch, arrived):
    """What was kept is reported as kept, and what was not as an error, though the connection was lost either way."""
    name = f"store_{secrets.token_hex(4)}"
    hospital.server.psql(f"CREATE DATABASE {name}")
    address = f"postgresql://postgres:{hospital.server.password}@127.0.0.1:{hospital.server.port}/{name}"
    async with open_store(address, keys=KeyRing.generate()) as store:
        commit = AsyncConnection.commit

        async def lost(self):
            if arrived:
                await commit(self)
            raise ConnectionResetError("lost")

        with monkeypatch.context() as patched:
            patched.setattr(AsyncConnection, "commit", lost)
            done = (await asyncio.gather(store.commit(setting("a", "1")), return_exceptions=True))[0]
        kept = await store.read(lambda conn: conn.execute(select(events.c.id)).scalars().all())
        if arrived:
            assert list(done.event_ids) == kept
        else:
            assert isinstance(done, StoreError) and done.hint
            assert kept == []


async def test_all_that_one_read_asks_is_of_one_moment(tmp_path):
    """A commit between two of its statements is not seen: what is checked together was there together."""
    async with open_store(f"sqlite:///{tmp_path}/lockgate.db", keys=KeyRing.generate()) as store:
        asked, committed = threading.Event(), threading.Event()

        def look(conn):
            names = [conn.execute(select(settings.c.name)).scalars().all()]
            asked.set()
            assert committed.wait(10)
            return [*names, conn.execute(select(settings.c.name)).scalars().all()]

        reading = asyncio.ensure_future(store.read(look))
        await asyncio.to_thread(asked.wait, 10)
        await store.transact(setting("later", "1"))
        committed.set()
        first, second = await reading
        assert first == second
        assert "later" in await store.read(lambda conn: conn.execute(select(settings.c.name)).scalars().all())


async def test_connections_that_died_with_a_restart_cost_nobody_an_error(hospital):
    """They are found out by their use, and what was to be done is done over others."""
    name = f"store_{secrets.token_hex(6)}"
    hospital.server.psql(f"CREATE DATABASE {name}")
    url = f"postgresql://postgres:{hospital.server.password}@127.0.0.1:{hospital.server.port}/{name}"

    def count(conn):
        return conn.execute(select(func.count()).select_from(settings)).scalar()

    try:
        async with open_store(url, keys=KeyRing.generate()) as store:
            for number, work in enumerate((store.read, lambda fn: store.transact(lambda conn: (fn(conn), [])))):
                await asyncio.gather(*(store.read(count) for _ in range(4)))
                ours = f"datname = '{name}' AND pid <> pg_backend_pid()"
                hospital.server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
                assert await work(count) == 0, number
    finally:
        hospital.server.psql(f"DROP DATABASE {name} WITH (FORCE)")
