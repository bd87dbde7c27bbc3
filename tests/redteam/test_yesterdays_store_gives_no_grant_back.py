"""Somebody with the files puts yesterday's store back, to run an approved action twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import psycopg
import pytest

from lockgate.store import KeyRing
from support import start_gate, stop_gate

COPY = "COPY (SELECT id, name FROM patient) TO STDOUT"


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def copied_rows(connection) -> int:
    with connection.cursor().copy(COPY) as copy:
        return sum(1 for _ in copy)


def approved(gate, agent) -> str:
    """Ask, and have somebody approve; the grant is not used yet."""
    agent.execute("SET lockgate.hold = 'fail'")
    with pytest.raises(psycopg.Error):
        copied_rows(agent)
    request = gate.wait_pending()
    gate.vote(request, "rita")
    return request.id


def database(path, into):
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(into)) as target:
        source.backup(target)


def test_a_used_grant_stays_used_when_the_store_of_before_is_put_back(hospital, tmp_path, outside):
    keys = KeyRing.generate()
    state = tmp_path / "state"
    state.mkdir()
    gate = start_gate(hospital, state, "ai-agents", keys=keys, checkpoint_dir=outside)
    try:
        with gate.connect() as agent:
            approved(gate, agent)
            database(state / "lockgate.db", tmp_path / "yesterday.db")
            assert copied_rows(agent) > 0
    finally:
        stop_gate(gate)
    for file in state.glob("lockgate.db*"):
        file.unlink()
    shutil.copy(tmp_path / "yesterday.db", state / "lockgate.db")
    gate = start_gate(hospital, state, "ai-agents", keys=keys, checkpoint_dir=outside)
    try:
        assert "older" in gate.assembly.log.halted
        with pytest.raises(psycopg.OperationalError, match="nothing is executed: the store is older"):
            gate.connect()
        assert gate.events("log.failed")
    finally:
        stop_gate(gate)


def test_what_is_held_does_not_run_before_its_intent_is_kept_outside(hospital, tmp_path, outside):
    state = tmp_path / "state"
    state.mkdir()
    gate = start_gate(hospital, state, "ai-agents", checkpoint_dir=outside)
    try:
        with gate.connect() as agent:
            request = approved(gate, agent)
            (outside / "checkpoint").rename(outside / "moved")
            (outside / "checkpoint").mkdir()
            with pytest.raises(psycopg.Error) as refused:
                copied_rows(agent)
            assert refused.value.sqlstate == "LG005" and "nothing was executed" in str(refused.value)
            outcomes = [json.loads(e["leaf"])["body"] for e in gate.events("outcome")]
            assert [(o["status"], o["rows"], o["code"]) for o in outcomes if o.get("request") == request] == [
                ("FAILED", 0, "LG005")
            ]
    finally:
        stop_gate(gate)


def test_what_is_held_runs_and_its_intent_is_kept_outside_by_then(hospital, tmp_path, outside):
    state = tmp_path / "state"
    state.mkdir()
    gate = start_gate(hospital, state, "ai-agents", checkpoint_dir=outside)
    try:
        with gate.connect() as agent:
            request = approved(gate, agent)
            seen: list[int] = []

            def look(copy):
                for _ in copy:
                    seen.append(int((outside / "checkpoint").read_text().split("\n")[1]))

            with agent.cursor().copy(COPY) as copy:
                look(copy)
            intent = next(e for e in gate.events("intent") if json.loads(e["leaf"])["body"]["request"] == request)
            assert seen and min(seen) > intent["index"]
    finally:
        stop_gate(gate)
