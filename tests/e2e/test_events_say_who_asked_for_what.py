"""Every event about an action names who, for whom, in which session and why policy said so, and no patient."""

from __future__ import annotations

import json

import psycopg
import pytest

WHO = {"principal", "actors", "on_behalf_of", "owners", "credential", "auth", "address"}
WHAT = {
    "session",
    "connection",
    "operation",
    "questions",
    "classes",
    "probes",
    "lookups",
    "rows",
    "purpose",
    "destination",
}
WHY = {"policy", "reasons", "decision"}
NUMBER = "MRN-100001"


def bodies(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def test_a_read_by_shape_says_all_but_the_values(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.purpose = 'treatment'")
        agent.execute("SELECT name FROM patient LIMIT 3")
    (opened,) = bodies(gate, "session.opened")
    assert opened.keys() >= WHO
    read = next(body for body in bodies(gate, "intent") if body["statement"])
    assert read.keys() >= WHO | WHAT | WHY
    assert (read["mode"], read["values"]) == ("shape", "not committed")
    assert read["session"] == opened["session"]
    assert (read["auth"], read["address"]) == ("login", "127.0.0.1")
    assert (read["purpose"], read["destination"], read["decision"]) == ("treatment", "client", "allow")
    assert read["owners"] == ["local:ana"]
    assert all(reason["id"] for reason in read["reasons"]) and read["reasons"]


def test_an_execution_by_itself_says_so_too_and_no_value(gate):
    with gate.connect() as agent:
        agent.execute(f"SELECT name FROM patient WHERE mrn = '{NUMBER}'")
    looked_up = next(body for body in bodies(gate, "intent") if body["mode"] == "each")
    assert looked_up.keys() >= WHO | WHAT | WHY | {"commitment", "action_digest"}
    assert looked_up["lookups"] == ["mrn"]
    assert not [event for event in gate.events() if NUMBER in event["leaf"]]


def test_what_is_held_and_what_is_refused_say_so_too(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error), agent.cursor().copy("COPY (SELECT id, name FROM patient) TO STDOUT"):
            pass
        with pytest.raises(psycopg.Error):
            agent.execute("DROP TABLE task")
    decisions = bodies(gate, "decision")
    assert [body["decision"] for body in decisions] == ["require", "deny"]
    for body in decisions:
        assert body.keys() >= WHO | WHAT | WHY
    assert [body["destination"] for body in decisions] == ["copy", "client"]


def test_each_statement_has_a_name_and_another_value_is_not_another_statement(gate):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        for text in (
            "SELECT name FROM patient LIMIT 3",
            "SELECT name FROM patient LIMIT 4",
            "SELECT name FROM patient WHERE id IN (1, 2)",
            "SELECT name FROM patient WHERE id IN (1, 2, 3)",
            "SELECT name FROM patient ORDER BY id LIMIT 4",
        ):
            agent.execute(text)
    names = [body["statement"] for body in bodies(gate, "intent") if body["statement"]]
    assert len(names) == len(set(names)) == 3
    assert all(len(name) == 64 for name in names)


def test_what_reads_no_table_is_one_kind(gate):
    with gate.connect() as agent:
        for text in ("BEGIN", "SET application_name = 'x'", "SHOW search_path", "SELECT 1", "COMMIT"):
            agent.execute(text)
    assert {(body["operation"], body["statement"]) for body in bodies(gate, "intent")} == {
        ("sql.session", ""),
        ("sql.select", ""),
    }


def test_statements_without_end_are_no_intents_without_end(gate, monkeypatch):
    monkeypatch.setattr("lockgate.pipeline.path.MOST_NAMED", 2)
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        for columns in ("id", "beds", "name", "id, beds", "id, name"):
            agent.execute(f"SELECT {columns} FROM ward")
    assert [bool(body["statement"]) for body in bodies(gate, "intent")] == [True, True, False]
