"""What a reviewer is shown of requests at a running gate: all of it, nobody's data, and first what counts."""

from __future__ import annotations

import datetime
import json

import psycopg
import pytest
from sqlalchemy import func, update

from lockgate.action import digest
from lockgate.store.tables import approvals as t
from support import start_gate, stop_gate, tried

UPDATE = "UPDATE task SET done = true WHERE id = 11"
HIDDEN = " OR true"


def asked(gate, sql, *before, user="bot", values=None):
    with gate.connect(user) as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        for one in before:
            agent.execute(one)
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(sql, values)
    assert refused.value.sqlstate == "LG001", refused.value
    return gate.pending()[0]


def run(gate, sql, person="rita"):
    """Asked, approved and run by asking again."""
    request = asked(gate, sql)
    gate.vote(request, person)
    assert tried(gate, sql) == ""
    gate.outcome(request.id)


@pytest.fixture
def rules_gate(hospital, tmp_path):
    """Where code is put before people, and not forbidden."""
    gate = start_gate(hospital, tmp_path, "ai-agents")
    base = tmp_path / "policies" / "base.cedar"
    base.write_text(base.read_text().replace(', Action::"sql.code"]', "]"))
    (base.parent / "code.cedar").write_text(
        '@id("code-asks")\n@title("Code asks")\npermit (principal, action == Action::"sql.code", resource)\n'
        'when { context.satisfied.contains("two-person") };\n'
    )
    gate.call(gate.assembly.reload_policy(by="local:root"))
    yield gate
    stop_gate(gate)


# all of it ------------------------------------------------------------------------------------------------------
def test_what_stands_behind_padding_is_shown(gate):
    padded = UPDATE + " AND title <> title || '" + "x" * 9000 + "'" + " AND id < 100" * 300 + HIDDEN
    request = asked(gate, padded)
    assert request.view["statement"].endswith(HIDDEN)
    assert any("read it to its end" in flag for flag in request.view["flags"])


def test_what_cannot_be_shown_whole_is_refused(gate, hospital):
    padded = UPDATE + " AND id < 100" * 2000 + HIDDEN
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(padded)
    assert refused.value.sqlstate == "LG004"
    assert "too long" in refused.value.diag.message_primary
    assert "in parts" in refused.value.diag.message_hint
    assert gate.pending() == []
    assert hospital.superuser("SELECT count(*) FROM task WHERE done").strip() == "0"
    assert "too long" in [json.loads(e["leaf"])["body"].get("why", "") for e in gate.events("decision")][-1]


def test_an_execute_shows_what_was_prepared(gate):
    prepare = "PREPARE p(int) AS UPDATE task SET done = true WHERE id = $1"
    gate.vote(asked(gate, prepare), "rita")
    request = asked(gate, "EXECUTE p(11)", prepare)
    assert "UPDATE task SET done = true WHERE id = $1;" in request.view["statement"]
    assert "EXECUTE name_1('[number 1]')" in request.view["statement"]


# values ---------------------------------------------------------------------------------------------------------
def test_bound_values_are_alike_with_those_of_the_text_and_a_limit_is_in_clear(gate):
    sql = "COPY (SELECT id FROM patient WHERE id <> 7 LIMIT 70) TO STDOUT"
    assert "LIMIT 70)" in asked(gate, sql).view["statement"]
    request = asked(
        gate,
        "SELECT id, name FROM patient WHERE sex = 'Q' AND state <> %s AND id <> %s LIMIT %s",
        "SET lockgate.reveal = 'name'",
        values=["Q", 41, 7],
    )
    said = request.view["parameters"]
    assert said[0] == "$1 is [text 1]" and "'[text 1]'" in request.view["statement"]
    assert said[1] == "$2 is [number 2]"
    assert said[2] == "$3 is 7, a LIMIT or OFFSET"


@pytest.mark.parametrize("binary", [False, True])
def test_a_value_that_is_a_limit_and_something_else_stays_hidden(gate, binary):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        agent.execute("SET lockgate.reveal = 'name'")
        sql = "SELECT name FROM patient WHERE id <> $1::int8 LIMIT $1::int8"
        cursor = psycopg.RawCursor(agent)
        with pytest.raises(psycopg.Error) as refused:
            cursor.execute(sql, [123456789], binary=binary)
    assert refused.value.sqlstate == "LG001"
    (request,) = gate.pending()
    assert "123456789" not in json.dumps(request.view) + "".join(request.lines)


# uninspectable --------------------------------------------------------------------------------------------------
@pytest.fixture
def own_function(hospital):
    hospital.superuser(
        "CREATE FUNCTION finish(int) RETURNS int LANGUAGE sql AS 'UPDATE task SET done = false RETURNING 1'"
    )
    yield
    hospital.superuser("DROP FUNCTION finish(int)")


@pytest.mark.usefixtures("own_function")
def test_what_runs_code_is_uninspectable_and_high(rules_gate):
    request = asked(rules_gate, "SELECT finish(1)")
    assert request.risk == "high"
    assert request.view["uninspectable"] == "it runs code: public.finish"
    assert "attention: uninspectable: it runs code: public.finish" in request.lines


def test_code_in_words_is_uninspectable_and_high(rules_gate):
    request = asked(rules_gate, "DO $$ BEGIN RAISE 'Jane Roe'; END $$")
    assert request.risk == "high" and "code" in request.view["uninspectable"]
    assert "Jane" not in json.dumps(request.view)


def test_what_is_not_analysed_is_flagged_and_high(gate):
    request = asked(gate, "GRANT SELECT ON patient TO reporting")
    assert request.risk == "high"
    assert any("words alone" in flag for flag in request.view["flags"])


def test_other_letters_are_escaped_and_flagged(gate):
    request = asked(
        gate, 'UPDATE task SET done = true FROM task "t\u0430sk2" WHERE task.id = 11 AND "t\u0430sk2".id = 3'
    )
    assert all(line.isascii() for line in request.lines)
    request = asked(gate, 'GRANT SELECT ON patient TO "report\u0456ng"')
    assert "\\u0456" in request.view["statement"]
    assert any("not ASCII" in flag for flag in request.view["flags"])


# risk -----------------------------------------------------------------------------------------------------------
def test_what_goes_to_the_client_alone_and_is_known_is_not_raised(gate):
    """The destination of an answer is the client: that alone makes nothing riskier."""
    request = asked(gate, UPDATE)
    assert request.view["destination"].startswith("the client at")
    assert request.risk == "medium"


# what is new ----------------------------------------------------------------------------------------------------
def test_what_is_new_since_the_last_like_it_is_said(gate):
    first = asked(gate, UPDATE)
    assert first.view["new"] == ["the first sql.write of this requester on this connection"]
    gate.vote(first, "rita")
    assert tried(gate, UPDATE) == ""
    gate.outcome(first.id)
    same = asked(gate, UPDATE.replace("11", "12"))
    assert same.view["new"] == []
    assert any(line.startswith(f"new: nothing since {first.id}, which ended ") for line in same.lines)
    other = asked(gate, "UPDATE task SET done = true FROM ward WHERE task.id = 13 AND ward.id = 1")
    assert "reaches public.ward; the last did not" in other.view["new"]
    assert other.view["new"][-1] == "another statement than the last"


def test_what_is_shown_unmasked_for_the_first_time_is_said(gate):
    run_once = "COPY (SELECT id, name FROM patient) TO STDOUT"
    first = asked(gate, run_once)
    gate.vote(first, "rita")
    assert tried(gate, run_once) == ""
    gate.outcome(first.id)
    again = asked(gate, run_once, "SET lockgate.reveal = 'name'")
    assert "shows unmasked name; the last did not" in again.view["new"]


def test_a_last_one_that_only_the_store_vouches_for_is_none(gate):
    """Whoever writes there must not make a first time look like a habit."""
    run(gate, UPDATE)

    def unit(conn):
        conn.execute(update(t.requests).values(view=func.replace(t.requests.c.view, "task", "tusk")))
        return None, []

    gate.call(gate.assembly.store.transact(unit))
    assert asked(gate, UPDATE.replace("11", "12")).view["new"] == [
        "the first sql.write of this requester on this connection"
    ]


# the clock and who is asked ----------------------------------------------------------------------------------------
def test_the_first_screen_says_who_is_asked_and_until_when(gate):
    request = asked(gate, "GRANT SELECT ON patient TO reporting")
    until = datetime.datetime.fromtimestamp(request.decide_by_at // 1_000_000, datetime.UTC)
    first = request.lines[:8]
    assert f"decide by: {until:%Y-%m-%d %H:%M} UTC; silence denies" in first
    assert "asked: 1 of privacy, then 1 of data-owner" in first


# estimates ------------------------------------------------------------------------------------------------------
def test_estimates_are_those_of_pg_class(gate, hospital):
    known = int(float(hospital.superuser("SELECT reltuples FROM pg_class WHERE oid = 'patient'::regclass").strip()))
    request = asked(gate, "COPY (SELECT id, name FROM patient) TO STDOUT")
    assert known == 300 and request.view["estimated_rows"] == known
    hospital.superuser("UPDATE pg_class SET reltuples = 41200 WHERE oid = 'patient'::regclass")
    try:
        gate.assembly.connections["clinic"].resolver.forget()
        assert asked(gate, "COPY (SELECT name, id FROM patient) TO STDOUT").view["estimated_rows"] == 41200
    finally:
        hospital.superuser("ANALYZE patient")


# digests --------------------------------------------------------------------------------------------------------
def test_a_vote_binds_to_renderer_masking_and_channel(gate):
    request = asked(gate, UPDATE)
    stored = {"body": request.view, "lines": list(request.lines)}
    assert digest("view", stored) == request.view_digest
    for name in ("version", "masking", "channel", "statement", "sentence", "decide_by"):
        changed = {**stored, "body": {**request.view, name: "another"}}
        assert digest("view", changed) != request.view_digest
        assert name in request.view
