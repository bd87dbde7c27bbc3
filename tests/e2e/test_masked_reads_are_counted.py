"""What the log says of reads recorded by shape: what was sent, what completed, what rows and bytes left, and when."""

from __future__ import annotations

import contextlib
import json
import threading

import asyncpg
import psycopg
import pytest

from lockgate.errors import StoreError
from lockgate.services.shapes import Shapes


def counted(gate, tries=200):
    """The body of the one outcome of the reads by shape of a session that has ended."""
    for _ in range(tries):
        bodies = [json.loads(event["leaf"])["body"] for event in gate.events("outcome")]
        found = [body for body in bodies if "runs" in body]
        if found:
            assert len(found) == 1
            return found[0]
        threading.Event().wait(0.02)
    raise AssertionError("the outcome never came")


def numbers(body):
    return tuple(body[name] for name in ("runs", "completed", "failed", "rows"))


@pytest.mark.parametrize("times", [1, 20])
def test_simple_queries_fast_and_not(gate, times):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        for _ in range(times):
            agent.execute("SELECT id, beds FROM ward")
    body = counted(gate)
    assert numbers(body) == (times, times, 0, 6 * times)
    assert body["status"] == "SUCCEEDED"
    assert body["bytes"] >= 6 * times * 11
    assert 0 < body["first_at"] <= body["last_at"]


async def test_prepared_statements_fast_and_not(gate):
    parameters = gate.parameters()
    parameters["database"] = parameters.pop("dbname")
    agent = await asyncpg.connect(**parameters, ssl=False)
    one = await agent.prepare("SELECT id, beds FROM ward WHERE id <= $1")
    for most in range(1, 7):
        await one.fetch(most)
    await agent.close()
    body = counted(gate)
    assert numbers(body) == (6, 6, 0, 21)


def test_masked_rows_count_too(gate):
    with gate.connect() as agent:
        assert len(agent.execute("SELECT name FROM patient LIMIT 7").fetchall()) == 7
    assert numbers(counted(gate)) == (1, 1, 0, 7)


def test_what_failed_is_not_said_to_have_succeeded(gate):
    """The first goes the slow way; then the name is on the fast path, and its error comes there."""
    with gate.connect() as agent:
        for one in (1, 2, 0, 3, 0):
            try:
                agent.execute("SELECT 6 / %s::int FROM ward", (one,), prepare=True)
            except psycopg.errors.DivisionByZero:
                assert one == 0
    body = counted(gate)
    assert numbers(body) == (5, 3, 2, 18)
    assert body["status"] == "SUCCEEDED"


def test_where_nothing_completed_it_has_failed(gate):
    with gate.connect() as agent, pytest.raises(psycopg.errors.DivisionByZero):
        agent.execute("SELECT 6 / 0 FROM ward")
    body = counted(gate)
    assert body["status"] == "FAILED"
    assert numbers(body) == (1, 0, 1, 0)


def test_a_message_of_several_statements_is_one_run_with_all_its_rows(gate):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        agent.execute("SELECT id FROM ward; SELECT beds FROM ward WHERE id < 3")
    assert numbers(counted(gate)) == (1, 1, 0, 8)


def test_a_pipeline_behind_an_error_is_sent_and_not_completed(gate):
    with gate.connect() as agent:
        agent.execute("SELECT 6 / %s::int FROM ward", (1,), prepare=True)
        with contextlib.suppress(psycopg.Error), agent.pipeline():
            for one in (2, 0, 3):
                agent.execute("SELECT 6 / %s::int FROM ward", (one,), prepare=True)
    runs, completed, failed, rows = numbers(counted(gate))
    assert (completed, rows) == (2, 12)
    assert runs == completed + failed


def test_the_counts_are_in_the_log_while_the_session_goes_on(gate):
    with gate.connect() as agent:
        agent.execute("SELECT id FROM ward")
        for _ in range(200):
            said = [json.loads(event["leaf"])["body"] for event in gate.events("shape.counted")]
            if said:
                break
            threading.Event().wait(0.02)
        assert (said[0]["runs"], said[0]["completed"], said[0]["rows"]) == (1, 1, 6)


def test_a_read_by_shape_that_cannot_be_recorded_does_not_run(gate, monkeypatch):
    async def full(self, facts):
        raise StoreError("the store is full")

    with gate.connect() as agent:
        agent.execute("SELECT 1")
        monkeypatch.setattr(Shapes, "open", full)
        with pytest.raises(psycopg.Error) as refused:
            agent.execute("SELECT beds FROM ward")
        assert refused.value.sqlstate == "LG005"


def test_a_store_that_is_away_at_the_end_is_told_later(gate, monkeypatch):
    store = gate.assembly.shapes._store
    transact, away = store.transact, True

    async def sometimes(unit):
        if away:
            raise StoreError("the store is away")
        return await transact(unit)

    with gate.connect() as agent:
        agent.execute("SELECT id FROM ward")
        gate.assembly.shapes._store = type(
            "Away", (), {"transact": staticmethod(sometimes), "clock": staticmethod(store.clock)}
        )()
    threading.Event().wait(1.2)
    assert not [event for event in gate.events("outcome") if "runs" in event["leaf"]]
    away = False
    assert numbers(counted(gate)) == (1, 1, 0, 6)


def test_a_cap_holds_for_every_statement_of_a_message(gate):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        agent.execute("SET lockgate.max_rows = 3")
        with pytest.raises(psycopg.Error) as cut:
            agent.execute("SELECT id FROM ward; SELECT 1")
        assert cut.value.sqlstate == "54000"
