"""A set's number never goes back; but a snapshot may be older than what another reader saw, and units are undone."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import insert, select, update

from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.store import KeyRing, open_store
from lockgate.store.sealed import SealedSet
from lockgate.store.tables.seals import seals
from lockgate.store.tables.settings import settings


def changed(sealed, name, *, fails=False):
    def unit(conn):
        conn.execute(insert(settings).values(name=name, value="1"))
        sealed.reseal(conn)
        sealed.check(conn)
        if fails:
            raise StoreError("undone")
        return None, []

    return unit


async def test_what_was_undone_was_never_seen(store_url):
    keys = KeyRing.generate()
    async with open_store(store_url, keys=keys) as store:
        sealed = SealedSet("settings", (settings,), keys, ())
        await store.transact(changed(sealed, "one"))
        with pytest.raises(StoreError, match="undone"):
            await store.transact(changed(sealed, "two", fails=True))
        assert await store.read(sealed.check) == 1


async def test_what_was_committed_here_counts_before_anybody_has_read_it(store_url):
    keys = KeyRing.generate()
    async with open_store(store_url, keys=keys) as store:
        sealed = SealedSet("settings", (settings,), keys, ("settings.changed",))
        store.on_commit.append(sealed.committed)

        def unit(conn):
            conn.execute(insert(settings).values(name="one", value="1"))
            return None, [Event("settings.changed", {"settings": sealed.reseal(conn)})]

        await store.transact(unit)

        def emptied(conn):
            conn.execute(settings.delete())
            conn.execute(seals.delete())
            return None, []

        await store.transact(emptied)
        with pytest.raises(StoreError, match="older settings was put back"):
            await store.read(sealed.check)


async def test_an_older_snapshot_looks_again_in_a_fresh_one(tmp_path):
    keys = KeyRing.generate()
    async with open_store(f"sqlite:///{tmp_path}/lockgate.db", keys=keys) as store:
        sealed = SealedSet("settings", (settings,), keys, ())
        await store.transact(changed(sealed, "one"))
        begun, later = threading.Event(), threading.Event()
        looks = []

        def look(conn):
            conn.execute(select(settings.c.name)).all()  # the snapshot is of now
            looks.append(1)
            begun.set()
            assert later.wait(10)
            return sealed.check(conn)

        reading = asyncio.ensure_future(store.read(look))
        await asyncio.to_thread(begun.wait, 10)
        await store.transact(changed(sealed, "two"))
        assert await store.read(sealed.check) == 2
        later.set()
        assert await reading == 2
        assert len(looks) == 2


async def test_a_set_that_was_put_back_stays_doubted(store_url):
    keys = KeyRing.generate()
    async with open_store(store_url, keys=keys) as store:
        sealed = SealedSet("settings", (settings,), keys, ())
        await store.transact(changed(sealed, "one"))
        before = await store.read(lambda conn: conn.execute(select(seals)).one()._asdict())
        await store.transact(changed(sealed, "two"))
        assert await store.read(sealed.check) == 2

        def put_back(conn):
            conn.execute(settings.delete().where(settings.c.name == "two"))
            conn.execute(update(seals).values(number=before["number"], mac=before["mac"]))
            return None, []

        await store.transact(put_back)
        with pytest.raises(StoreError, match="older settings was put back"):
            await store.read(sealed.check)
