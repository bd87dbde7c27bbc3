"""The store is full, locked by another process, gone, or replaced: nothing runs, and the client is told so."""

from __future__ import annotations

import os
import shutil
import sqlite3

import psycopg
import pytest

from support import start_gate, stop_gate

ASKED = "SELECT name FROM patient"
"""Under `audit: each` its intent must be durable before each run."""


@pytest.fixture
def gate(hospital, tmp_path):
    started = start_gate(hospital, tmp_path, "ai-agents", audit="each")
    yield started
    stop_gate(started)


def refused(gate, agent, hospital):
    """The statement ends in LG005, and the server has not seen it."""
    with pytest.raises(psycopg.Error) as failed:
        agent.execute(ASKED)
    assert failed.value.sqlstate == "LG005"
    assert "nothing was executed" in str(failed.value)


def quota(gate, pages):
    """Of the writer's own connection, as a full disk would be; 0 lifts it."""

    def unit(conn):
        used = conn.exec_driver_sql("PRAGMA page_count").scalar()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {used + pages if pages else 1 << 30}")
        return None, []

    gate.call(gate.assembly.store.transact(unit))


def filled(gate, agent):
    """Until twenty in a row find no room: what one write needs is a page more or less, by where its keys fall."""
    quota(gate, 1)
    refusals = 0
    said: set[tuple[str | None, bool]] = set()
    for _ in range(1000):
        try:
            agent.execute(ASKED)
            refusals = 0
        except psycopg.Error as error:
            said.add((error.sqlstate, "nothing was executed" in str(error)))
            refusals += 1
        if refusals == 20:
            assert said == {("LG005", True)}
            return
    raise AssertionError("the store never filled up")


def test_a_full_store_executes_nothing_and_goes_on_once_there_is_room(gate, hospital):
    with gate.connect() as agent:
        agent.execute(ASKED)
        filled(gate, agent)
        refused(gate, agent, hospital)
        quota(gate, 0)
        agent.execute(ASKED)


def test_a_held_write_keeps_its_approval_while_the_store_is_full(gate, hospital):
    update = "UPDATE task SET done = true WHERE id = 3"
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error):
            agent.execute(update)
        gate.vote(gate.wait_pending(), "rita")
        filled(gate, agent)
        with pytest.raises(psycopg.Error) as failed:
            agent.execute(update)
        assert failed.value.sqlstate == "LG005"
        with hospital.direct() as direct:
            assert direct.execute("SELECT done FROM task WHERE id = 3").fetchone() == (False,)
        quota(gate, 0)
        agent.execute(update)
    with hospital.direct() as direct:
        assert direct.execute("UPDATE task SET done = false WHERE id = 3 RETURNING true").fetchone() == (True,)


def test_a_store_that_another_process_locks_executes_nothing(gate, hospital, monkeypatch):
    gate.call(gate.assembly.store.transact(lambda conn: (conn.exec_driver_sql("PRAGMA busy_timeout = 200"), [])))
    with gate.connect() as agent:
        agent.execute(ASKED)
        holder = sqlite3.connect(gate.state / "lockgate.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        refused(gate, agent, hospital)
        holder.execute("ROLLBACK")
        holder.close()
        agent.execute(ASKED)


@pytest.mark.parametrize("way", ["deleted", "replaced"])
def test_a_store_whose_file_is_gone_executes_nothing(gate, hospital, way):
    """SQLite would go on writing to the deleted file, where nobody could ever read it."""
    file = gate.state / "lockgate.db"
    with gate.connect() as agent:
        agent.execute(ASKED)
        aside = gate.state / "aside.db"
        os.rename(file, aside)
        if way == "replaced":
            shutil.copy(aside, file)
        refused(gate, agent, hospital)
        os.replace(aside, file)
        agent.execute(ASKED)
