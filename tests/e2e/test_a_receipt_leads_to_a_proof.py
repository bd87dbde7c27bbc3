"""`SHOW lockgate.receipt`: the event under which the last statement of the session was recorded, and its proof."""

from __future__ import annotations

import json

import asyncpg
import psycopg
import pytest
from typer.testing import CliRunner

from lockgate.cli import app, audit

SHOW = "SHOW lockgate.receipt"
WARDS = "SELECT id, beds FROM ward"


def receipt_of(connection, **how):
    """`(receipt, recorded, request, prove)`, or None where nothing has been recorded."""
    return connection.execute(SHOW, **how).fetchone()


def event(gate, receipt):
    """Type and body of the event of this id."""
    found = [one for one in gate.events() if one["id"] == receipt]
    assert len(found) == 1
    return found[0]["type"], json.loads(found[0]["leaf"])["body"]


def simple(gate, user="bot"):
    return gate.connect(user, cursor_factory=psycopg.ClientCursor)


@pytest.fixture
def offline(gate, api, tmp_path, monkeypatch):
    """What `lockgate audit prove ID` writes for Rita, checked by `lockgate audit check` with the public key alone."""
    monkeypatch.setattr(audit, "call", lambda method, path: api("rita", method, path).text)
    key = tmp_path / "log.pub"
    key.write_text(api("rita", "GET", "/audit/key").text)

    def check(receipt):
        runner = CliRunner()
        proved = runner.invoke(app, ["audit", "prove", receipt])
        assert proved.exit_code == 0, proved.output
        file = tmp_path / f"{receipt}.tlog-proof"
        file.write_text(proved.output)
        checked = runner.invoke(app, ["audit", "check", str(file), "--key", str(key), "--json"])
        assert checked.exit_code == 0, checked.output
        return json.loads(json.loads(checked.output)["event"])

    return check


def test_from_the_receipt_to_a_proof_that_checks_offline(gate, offline):
    with gate.connect() as agent:
        agent.execute(WARDS)
        receipt, recorded, request, prove = receipt_of(agent)
    assert prove == f"lockgate audit prove {receipt} > {receipt}.tlog-proof"
    assert (recorded, request) == ("shape", "")
    proved = offline(receipt)
    assert (proved["id"], proved["type"]) == (receipt, "intent")
    assert (proved["body"]["principal"], proved["body"]["mode"]) == ("local:bot", "shape")


def test_what_people_approved_has_the_receipt_of_its_own_execution(gate, offline):
    with gate.connect() as agent:
        running = gate.in_background(lambda: agent.execute("UPDATE task SET done = true WHERE id = 1").rowcount)
        asked = gate.wait_pending()
        gate.vote(asked, "rita")
        assert running.result() == 1
        receipt, recorded, request, _ = receipt_of(agent)
        agent.rollback()
    assert (recorded, request) == ("each", asked.id)
    proved = offline(receipt)
    assert (proved["type"], proved["body"]["request"], proved["body"]["mode"]) == ("intent", asked.id, "each")


def test_before_anything_was_recorded_there_is_none(gate):
    with simple(gate) as agent:
        agent.autocommit = True
        assert receipt_of(agent) is None
        agent.execute("SET lockgate.reason = 'the month'")
        agent.execute("SHOW search_path")
        assert receipt_of(agent) is None


@pytest.mark.parametrize("factory", [psycopg.ClientCursor, psycopg.Cursor])
def test_it_is_of_the_last_statement_and_not_of_what_manages_the_session(gate, factory):
    with gate.connect(cursor_factory=factory) as agent:
        agent.autocommit = True
        seen = []
        for text in (WARDS, "SELECT name FROM patient LIMIT 1", "SELECT 1"):
            agent.execute(text)
            first = receipt_of(agent)[0]
            agent.execute("BEGIN")
            agent.execute("SET LOCAL work_mem = '4MB'")
            agent.execute("SHOW lockgate.requests")
            agent.execute("COMMIT")
            assert receipt_of(agent)[0] == first
            seen.append(first)
    assert len(set(seen)) == 3
    assert all(event(gate, one)[0] == "intent" for one in seen)


def test_a_statement_on_the_fast_path_moves_it_too(gate):
    """Their bytes go upstream without a task that looks at them."""
    with simple(gate) as agent:
        agent.autocommit = True
        agent.execute(WARDS)
        wards = receipt_of(agent)[0]
        agent.execute("SELECT id FROM ward")
        ids = receipt_of(agent)[0]
        assert wards != ids
        for _ in range(3):
            agent.execute(WARDS)
            assert receipt_of(agent)[0] == wards
            agent.execute("SELECT id FROM ward")
            assert receipt_of(agent)[0] == ids


async def test_a_prepared_show_answers_what_holds_when_it_runs(gate):
    """The server is given constants at Parse; a driver that keeps the statement would read those for ever."""
    parameters = gate.parameters()
    parameters["database"] = parameters.pop("dbname")
    agent = await asyncpg.connect(**parameters, ssl=False)
    show = await agent.prepare(SHOW)
    assert await show.fetch() == []
    seen = []
    for text in (WARDS, "SELECT id FROM ward", WARDS):
        await agent.fetch(text)
        seen.append((await show.fetchrow())["receipt"])
    await agent.close()
    assert seen[0] != seen[1] and seen[0] == seen[2]


def test_in_a_pipeline_it_is_of_what_stands_before_it(gate):
    with gate.connect() as agent:
        agent.autocommit = True
        with agent.pipeline():
            one = agent.execute(WARDS)
            first = agent.execute(SHOW)
            two = agent.execute("SELECT id FROM ward")
            second = agent.execute(SHOW)
        found = [first.fetchone()[0], second.fetchone()[0]]
        assert len(one.fetchall()) == len(two.fetchall()) == 6
        assert found[0] != found[1] and found[1] == receipt_of(agent)[0]


def test_a_prepared_list_of_requests_is_not_of_yesterday_either(gate):
    with gate.connect() as agent:
        agent.autocommit = True
        assert agent.execute("SHOW lockgate.requests", prepare=True).fetchall() == []
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error):
            agent.execute("UPDATE task SET done = true WHERE id = 1")
        assert len(agent.execute("SHOW lockgate.requests", prepare=True).fetchall()) == 1


def test_in_a_string_of_statements_it_is_that_of_the_string(gate):
    """A message is one action, with one intent."""
    with simple(gate) as agent:
        agent.autocommit = True
        cursor = agent.execute(f"{WARDS}; {SHOW}")
        assert cursor.nextset()
        assert cursor.fetchone()[0] == receipt_of(agent)[0]


def test_a_session_is_told_of_its_own_only(gate):
    with simple(gate) as one, simple(gate) as other:
        one.execute(WARDS)
        assert receipt_of(other) is None
        other.execute(WARDS)
        assert receipt_of(one)[0] != receipt_of(other)[0]


def test_a_refused_statement_has_no_intent_and_leaves_the_receipt(gate):
    with simple(gate) as agent:
        agent.autocommit = True
        agent.execute(WARDS)
        before = receipt_of(agent)
        with pytest.raises(psycopg.Error):
            agent.execute("CREATE ROLE mallory")
        assert receipt_of(agent) == before


def test_no_client_sets_it(gate):
    with simple(gate) as agent:
        agent.autocommit = True
        with pytest.raises(psycopg.Error) as refused:
            agent.execute("SET lockgate.receipt = 'evt_1'")
        assert refused.value.sqlstate.startswith("LG")
