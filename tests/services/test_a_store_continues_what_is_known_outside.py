"""Each checkpoint is copied outside; a store that is older or different is never signed any further."""

from __future__ import annotations

import asyncio
import json
import os
import shutil

import pytest
from sqlalchemy import delete, func, select, update

from lockgate.audit import SigningKey
from lockgate.audit.event import Event
from lockgate.errors import AuditError
from lockgate.services.checkpoint_dir import CheckpointDir
from lockgate.services.log import Log
from lockgate.services.log_tree import HEAD
from lockgate.store import KeyRing, open_store
from lockgate.store.tables import log as t
from lockgate.store.tables.settings import settings

KEYS = KeyRing.generate()
SIGNER = SigningKey.from_seed("log.example", b"k" * 32)


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def newest(outside):
    return CheckpointDir(outside).newest([SIGNER.verifier])


async def write(store, *names: str) -> list[str]:
    ids: list[str] = []
    for name in names:
        done = await store.commit(lambda _, name=name: (None, [Event("intent", {"execution": name})]))
        ids += done.event_ids
    return ids


async def stored(store):
    return await store.read(lambda conn: conn.execute(select(func.max(t.checkpoints.c.size))).scalar())


async def test_each_checkpoint_is_copied_and_the_first_of_a_day_stays(store_url, outside):
    async with open_store(store_url, keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        await write(store, "a", "b")
        await log.sequence()
        first = newest(outside)
        await write(store, "c")
        await log.sequence()
        kept = newest(outside)
        assert first.checkpoint.size < kept.checkpoint.size == await stored(store)
        files = {name: (outside / name).read_text() for name in os.listdir(outside) if name.startswith("checkpoint")}
        assert sorted(files.values()) == sorted([first.note, kept.note])
        assert not [name for name in os.listdir(outside) if name.startswith(".new-")]


async def test_an_event_is_witnessed_only_once_its_checkpoint_is_outside(store_url, outside):
    async with open_store(store_url, keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        (event,) = await write(store, "a")
        await log.witnessed(event)
        proof = await log.prove(event)
        assert newest(outside).checkpoint.size > int(proof.split("index ")[1].split()[0])
        shutil.rmtree(outside)
        (event,) = await write(store, "b")
        with pytest.raises(AuditError):
            await log.witnessed(event)


async def test_an_emptied_folder_is_no_new_beginning(store_url, outside):
    async with open_store(store_url, keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        await write(store, "a")
        await log.sequence()
        for file in outside.glob("checkpoint*"):
            file.unlink()
        (event,) = await write(store, "b")
        with pytest.raises(AuditError):
            await log.witnessed(event)
        assert "emptied" in log.lagging


async def test_two_sequencers_of_one_store_make_one_log(store_url, outside):
    async with open_store(store_url, keys=KEYS) as store:
        logs = [Log(store, SIGNER, store.clock, checkpoint_dir=outside) for _ in range(3)]
        for round_ in range(5):
            await write(store, *(f"{round_}.{i}" for i in range(4)))
            await asyncio.gather(*(log.sequence() for log in logs))
        indexes = await store.read(
            lambda c: list(c.execute(select(t.events.c.leaf_index).order_by(t.events.c.seq)).scalars())
        )
        left = await store.read(
            lambda c: c.execute(select(func.count()).where(t.events.c.leaf_index.is_(None))).scalar()
        )
        signed = [i for i in indexes if i is not None]
        assert signed == list(range(len(signed))) and left <= 1
        assert newest(outside).checkpoint.size == await stored(store) == len(signed)
        assert not any(log.halted for log in logs)


async def test_leaves_and_checkpoint_move_only_from_where_the_head_is(store_url):
    async with open_store(store_url, keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock)
        await write(store, "a")
        await log.sequence()

        def meddle(conn):
            conn.execute(update(settings).where(settings.c.name == HEAD).values(value="7:00"))
            return None, []

        await store.transact(meddle)
        await write(store, "b")
        with pytest.raises(AuditError):
            await log.sequence()
        assert await stored(store) == 1


async def test_an_older_store_is_not_signed_any_further_and_says_so(store_url, outside):
    async with open_store(store_url, keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        await write(store, "a", "b")
        await log.sequence()
        await write(store, "c", "d")
        await log.sequence()

        def yesterday(conn):
            conn.execute(delete(t.events).where(t.events.c.seq > 2))
            conn.execute(delete(t.checkpoints).where(t.checkpoints.c.size > 2))
            head = conn.execute(select(t.checkpoints.c.size, t.checkpoints.c.root)).first()
            conn.execute(
                update(settings).where(settings.c.name == HEAD).values(value=f"{head.size}:{bytes(head.root).hex()}")
            )
            return None, []

        await store.transact(yesterday)
        told: list[str] = []
        again = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        again.on_halt = told.append
        await again.start()
        assert "older" in again.halted and told == [again.halted]
        (event,) = await write(store, "e")
        with pytest.raises(AuditError):
            await again.witnessed(event)
        await again.stop()
        assert await stored(store) == 2
        leaf = await store.read(
            lambda c: c.execute(select(t.events.c.leaf).where(t.events.c.type == "log.failed")).scalar()
        )
        assert "older" in json.loads(bytes(leaf))["body"]["why"]


async def test_another_store_of_the_same_size_is_found_and_so_is_one_swapped_in_while_running(tmp_path, outside):
    folders = [tmp_path / "one.db", tmp_path / "two.db"]
    for path, into in zip(folders, (outside, None), strict=True):
        async with open_store(f"sqlite:///{path}", keys=KEYS) as store:
            await write(store, "a", "b", path.name)
            await Log(store, SIGNER, store.clock, checkpoint_dir=into).sequence()
    async with open_store(f"sqlite:///{folders[1]}", keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        await write(store, "grown")
        with pytest.raises(AuditError):
            await log.sequence()
        assert "different" in log.halted
        assert newest(outside).checkpoint.size == 3


async def test_a_folder_that_is_gone_halts_and_its_return_is_seen(store_url, outside):
    async with open_store(store_url, keys=KEYS) as store:
        log = Log(store, SIGNER, store.clock, checkpoint_dir=outside)
        await write(store, "a")
        await log.sequence()
        outside.rename(outside.with_name("away"))
        assert "cannot be read" in await log.check()
        outside.with_name("away").rename(outside)
        assert await log.check() == log.halted == ""
