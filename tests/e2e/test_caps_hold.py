"""A cap on rows or bytes is a cap on what leaves by an action: however it is fetched, whatever is set afterwards, in
whatever company; and the log says what left, and what became of it."""

from __future__ import annotations

import json
import time

import psycopg
import pytest

from wire import SYNC, Wire, bind, execute, message, parse, query

READ = "SELECT id, title FROM task"
NO_CAP = "SET lockgate.max_rows = 0"


def cut(gate, *statements, user="bot", **options):
    """Send these, the last of which must be cut at its cap; how many of its rows were seen before."""
    with gate.connect(user, **options) as client:
        for statement in statements[:-1]:
            client.execute(statement)
        with pytest.raises(psycopg.Error) as error:
            client.execute(statements[-1]).fetchall()
        assert error.value.sqlstate == "54000"


def bodies(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def outcomes(gate, operation="sql.select", many=1):
    """Of executions that were recorded one by one and did this, once there are so many."""
    for _ in range(100):
        those = {b["execution"] for b in bodies(gate, "intent") if any(q[0] == operation for q in b["questions"])}
        found = [body for body in bodies(gate, "outcome") if body["execution"] in those]
        if len(found) >= many:
            return [(body["status"], body["code"], body["rows"]) for body in found]
        time.sleep(0.05)
    raise AssertionError("no outcome is logged")


@pytest.mark.parametrize("cap", ["max_rows = 10", "max_bytes = 200"])
def test_a_plain_read_is_cut_and_recorded_with_what_left(gate, cap):
    cut(gate, f"SET lockgate.{cap}", READ)
    ((status, code, rows),) = outcomes(gate)
    assert (status, code) == ("FAILED", "54000")
    assert rows <= 10


def test_what_fits_succeeds(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.max_rows = 20")
        assert len(agent.execute(READ).fetchall()) == 20
        assert outcomes(gate) == [("SUCCEEDED", "", 20)]


def test_a_cursor_keeps_the_cap_that_it_was_declared_under(gate):
    cut(gate, "SET lockgate.max_rows = 10", "BEGIN", f"DECLARE c CURSOR FOR {READ}", NO_CAP, "FETCH ALL FROM c")
    assert outcomes(gate) == [("FAILED", "54000", 0)]


def test_its_rows_count_together_and_are_logged(gate):
    fetches = ["FETCH 4 FROM c", "FETCH 4 FROM c"]
    declared = f"DECLARE c CURSOR FOR {READ}"
    with gate.connect() as agent:
        for statement in ["SET lockgate.max_rows = 10", "BEGIN", declared, NO_CAP, *fetches, "COMMIT"]:
            agent.execute(statement)
        assert outcomes(gate) == [("SUCCEEDED", "", 8)]
    cut(gate, "SET lockgate.max_rows = 10", "BEGIN", declared, NO_CAP, *fetches, "FETCH 4 FROM c")
    assert outcomes(gate, many=2)[1] == ("FAILED", "54000", 8)


def test_the_portal_of_a_cursor_keeps_it_too(gate):
    wire = Wire(gate)
    for statement in ("SET lockgate.max_rows = 10", "BEGIN", f"DECLARE c CURSOR FOR {READ}", NO_CAP):
        wire.say(query(statement))
        wire.hear(1)
    wire.say(message(b"D", b"Pc\0") + execute("c") + SYNC)
    heard = wire.hear(1)
    assert b"54000" in b"".join(body for _, body in heard)
    assert not any(kind == b"D" for kind, _ in heard)


def test_a_cursor_in_one_string_and_fetched_later(gate):
    cut(
        gate,
        "SET lockgate.max_rows = 10",
        "BEGIN",
        f"DECLARE c CURSOR FOR {READ}; FETCH 4 FROM c",
        NO_CAP,
        "FETCH 7 FROM c",
    )


@pytest.mark.parametrize("company", [f"{READ}; SELECT 1", f"SELECT 1; {READ}", f"SELECT 1; {READ}; SELECT 1"])
def test_every_statement_of_a_message_counts(gate, company):
    cut(gate, "SET lockgate.max_rows = 10", company, cursor_factory=psycopg.ClientCursor)


@pytest.mark.parametrize("way", ["simple", "prepared"])
def test_a_cap_that_is_set_later_holds_for_what_was_decided_before(gate, way):
    """The same statement has gone through without another look until then."""
    wire = Wire(gate)
    send = query(READ) if way == "simple" else bind("p") + execute() + SYNC
    wire.say(parse("p", READ) + SYNC)
    wire.hear(1)
    for _ in range(3):
        wire.say(send)
        assert sum(kind == b"D" for kind, _ in wire.hear(1)) == 20
    for other in ("SET lockgate.max_rows = 10", "SELECT 1"):
        wire.say(query(other))
        wire.hear(1)
    wire.say(send)
    assert b"54000" in b"".join(body for _, body in wire.hear(1))


def test_a_purpose_that_is_set_later_is_asked_about(gate):
    (gate.assembly.policy.folder / "purpose.cedar").write_text(
        '@id("no-marketing")\n@title("Not for marketing")\n'
        'forbid (principal, action == Action::"sql.select", resource) when { context.purpose == "marketing" };\n'
    )
    gate.call(gate.assembly.reload_policy(by="init"))
    with gate.connect(prepare_threshold=0) as agent:
        for _ in range(3):
            agent.execute(READ)
        agent.execute("SET lockgate.purpose = 'marketing'")
        agent.execute("SHOW lockgate.purpose")
        with pytest.raises(psycopg.Error, match="marketing"):
            agent.execute(READ)


def test_a_capped_write_outside_of_a_transaction_may_have_been_committed(gate, hospital):
    """Its answer is cut while the server may be through with it: the log does not call that FAILED."""
    write = "UPDATE task SET done = done RETURNING id"
    cut(gate, "SET lockgate.max_rows = 10", write, user="alf")
    ((status, code, rows),) = outcomes(gate, "sql.write")
    assert (status, code, rows <= 10) == ("UNKNOWN", "54000", True)


def test_a_capped_write_that_people_approved_is_not_committed(gate, hospital):
    before = hospital.superuser("SELECT string_agg(done::text, '' ORDER BY id) FROM task")
    write = "UPDATE task SET done = NOT done RETURNING id"
    running = gate.in_background(lambda: cut(gate, "SET lockgate.max_rows = 10", write))
    request = gate.wait_pending()
    gate.vote(request, "rita")
    running.result()
    body = gate.outcome(request.id)
    assert (body["status"], body["code"]) == ("FAILED", "54000")
    assert hospital.superuser("SELECT string_agg(done::text, '' ORDER BY id) FROM task") == before
