"""Logins at a provider between their beginning and their end, on both kinds of store."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from clinic import Clock
from lockgate.services import logins as module
from lockgate.services.accounts import LinkWish
from lockgate.services.logins import Begun, Logins, TooManyLogins, TooSoon
from lockgate.store import KeyRing, open_store
from lockgate.store.tables.logins import logins as table


@pytest.fixture
async def opened(store_url):
    clock = Clock()
    async with open_store(store_url, clock=clock, keys=KeyRing.generate()) as store:
        yield Logins(store), store, clock


BEGUN = Begun("cli", "http://127.0.0.1:7/callback", LinkWish("local:ana", "hash"), "10.0.0.1")


async def test_of_many_at_once_one_takes_it(opened):
    logins, _, _ = opened
    await logins.begin("state", "handle", BEGUN)
    taken = await asyncio.gather(*(logins.take("state", "handle", "cli") for _ in range(8)))
    assert [one for one in taken if one is not None] == [BEGUN]


async def test_only_with_its_state_its_handle_and_its_kind(opened):
    logins, _, _ = opened
    await logins.begin("state", "handle", BEGUN)
    for state, handle, kind in (("other", "handle", "cli"), ("state", "other", "cli"), ("state", "handle", "browser")):
        assert await logins.take(state, handle, kind) is None
    assert await logins.take("state", "handle", "cli") == BEGUN


async def test_nothing_that_ends_a_login_is_kept(opened):
    logins, store, _ = opened
    await logins.begin("the state", "the handle", Begun("device", device="the device code", interval_s=5))
    (row,) = await store.read(lambda conn: conn.execute(select(table)).all())
    assert not {"the state", "the handle", "the device code"} & {str(value) for value in row}
    assert "device code" not in repr(row)


async def test_what_is_over_is_swept_away(opened):
    logins, store, clock = opened
    await logins.begin("first", "handle", BEGUN)
    clock.sleep(601)
    await logins.begin("second", "handle", BEGUN)
    assert len(await store.read(lambda conn: conn.execute(select(table)).all())) == 1


async def test_only_so_many_from_everybody(opened, monkeypatch):
    logins, _, clock = opened
    monkeypatch.setattr(module, "MOST", 2)
    for name in ("a", "b"):
        await logins.begin(name, "handle", BEGUN)
    with pytest.raises(TooManyLogins):
        await logins.begin("c", "handle", BEGUN)
    clock.sleep(601)
    await logins.begin("c", "handle", BEGUN)


async def test_a_device_login_is_due_after_its_interval(opened):
    logins, _, clock = opened
    begun = Begun("device", device="the device code", interval_s=5)
    await logins.begin("state", "handle", begun)
    with pytest.raises(TooSoon):
        await logins.due("state", "handle")
    clock.sleep(5)
    assert await logins.due("state", "handle") == begun
    with pytest.raises(TooSoon):
        await logins.due("state", "handle")
    assert await logins.due("state", "other") is None
