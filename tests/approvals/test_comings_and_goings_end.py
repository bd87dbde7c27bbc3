"""A caller that comes and goes for ever does not make a history without end; a decision is taken all the same."""

from __future__ import annotations

from sqlalchemy import func, select

from lockgate.services.approvals import Execution, past
from lockgate.store.tables import approvals as t


async def count(world) -> int:
    return await world.store.read(
        lambda conn: conn.execute(select(func.count()).select_from(t.request_events)).scalar()
    )


async def test_asking_again_without_waiting_writes_nothing(world):
    opened = await world.opened(world.proposal(waiting=False))
    before = await count(world)
    for _ in range(5):
        assert (await world.opened(world.proposal(waiting=False))).request_id == opened.request_id
    assert await count(world) == before


async def test_from_a_limit_on_they_are_not_written_down(world, monkeypatch):
    monkeypatch.setattr(past, "MOST_EVENTS", 10)
    opened = await world.opened()
    for _ in range(10):
        await world.opened()
        await world.approvals.caller_gone(opened.request_id)
    assert await count(world) == 10
    await world.vote("rita", opened.request_id)
    assert isinstance(await world.consume(opened.request_id), Execution)
