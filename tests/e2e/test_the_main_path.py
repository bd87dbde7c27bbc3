"""The main job, on real parts: masked rows, a held export, approval by somebody else, once, provable."""

from __future__ import annotations

import time

import psycopg
import pytest


def test_rows_come_back_masked_and_keep_their_types(gate, hospital):
    with gate.connect() as masked, hospital.direct() as direct:
        query = "SELECT id, mrn, name, born, ssn, active FROM patient ORDER BY id LIMIT 20"
        shown, real = masked.execute(query).fetchall(), direct.execute(query).fetchall()
    for mine, theirs in zip(shown, real, strict=True):
        assert (mine[0], mine[5]) == (theirs[0], theirs[5])
        assert mine[3].year == theirs[3].year and (mine[3].month, mine[3].day) == (1, 1)
        assert not {mine[1], mine[2], mine[4]} & {theirs[1], theirs[2], theirs[4]}
    assert len({row[4] for row in shown}) == len({row[4] for row in real})
    assert any("masked by Lockgate" in notice for notice in gate.notices)


def test_what_is_no_phi_comes_out_exactly_as_from_the_server(gate, hospital):
    query = """
        SELECT w.name, count(*), avg(e.cost), count(DISTINCT e.patient_id),
               max(e.cost) FILTER (WHERE kind = 'inpatient')
          FROM encounter e JOIN ward w ON w.id = e.ward_id JOIN diagnosis d ON d.encounter_id = e.id
         GROUP BY GROUPING SETS ((w.name), ()) ORDER BY 1"""
    with gate.connect() as masked, hospital.direct() as direct:
        assert masked.execute(query).fetchall() == direct.execute(query).fetchall()


def test_an_export_waits_for_somebody_else_runs_once_and_masked(gate):
    def export() -> str:
        with gate.connect() as agent, agent.cursor().copy("COPY (SELECT id, name FROM patient) TO STDOUT") as copy:
            return b"".join(bytes(block) for block in copy).decode()

    running = gate.in_background(export)
    request = gate.wait_pending()
    assert gate.wait_notice(request.id, "http://lockgate.test")
    refused = gate.vote(request, "ana")
    assert "own" in refused.message
    assert gate.pending()
    gate.vote(request, "rita")
    lines = running.result().splitlines()
    assert len(lines) == 300
    assert all(line.split("\t")[1].startswith("NAME-") for line in lines)
    again = gate.in_background(export)
    assert gate.wait_pending().id != request.id
    gate.vote(gate.pending()[0], "paul", approve=False, reason="not twice")
    with pytest.raises(psycopg.Error) as denied:
        again.result()
    assert denied.value.sqlstate == "LG003"
    assert "not twice" in str(denied.value)


def test_a_grant_takes_two_people_and_a_drop_nobody(gate):
    def grant() -> str:
        with gate.connect() as agent:
            return agent.execute("GRANT SELECT ON task TO reporting").statusmessage

    running = gate.in_background(grant)
    request = gate.wait_pending()
    gate.vote(request, "rita")
    time.sleep(0.2)
    assert gate.pending(), "one person is not enough"
    gate.vote(gate.pending()[0], "dora")
    assert running.result() == "GRANT"
    with gate.connect() as agent, pytest.raises(psycopg.Error) as forbidden:
        agent.execute("DROP TABLE task")
    assert forbidden.value.sqlstate == "LG002"
    assert not gate.pending()


def test_every_execution_has_an_intent_before_it_and_an_outcome_after(gate):
    with gate.connect() as agent:
        agent.execute("SELECT name FROM patient WHERE mrn = '7000013'")
    time.sleep(0.3)
    intents = [e for e in gate.events("intent") if "lookup" not in e]
    outcomes = gate.events("outcome")
    assert intents and outcomes
    assert all("7000013" not in e["leaf"] for e in gate.events())
