"""A held write names its transaction before it runs; when nobody saw it end, the server is asked what became of it."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from lockgate.services.approvals import Approvals
from wire import SYNC, Wire, bind, execute, parse, query

UPDATE = "UPDATE task SET done = NOT done WHERE id = 1"


def approved(gate, statement):
    """Have it approved beforehand, so that the next identical try runs at once."""
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error):
            agent.execute(statement)
    gate.vote(gate.wait_pending(), "rita")


def until(found, tries=100):
    for _ in range(tries):
        if value := found():
            return value
        threading.Event().wait(0.05)
    raise AssertionError("it never came")


def bodies(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def intent(gate):
    return next(body for body in reversed(bodies(gate, "intent")) if body.get("request"))


@pytest.mark.parametrize("way", ["simple", "extended", "transaction"])
def test_the_intent_names_the_transaction_in_which_the_write_ran(gate, hospital, way):
    approved(gate, UPDATE) if way != "extended" else None
    with hospital.direct() as direct:
        before = direct.execute("SELECT done FROM task WHERE id = 1").fetchone()[0]
        if way == "extended":
            with gate.connect() as agent:
                agent.execute("SET lockgate.hold = 'fail'")
                with pytest.raises(psycopg.Error):
                    agent.execute("UPDATE task SET done = NOT done WHERE id = %s", (1,), prepare=True)
                gate.vote(gate.wait_pending(), "rita")
                agent.execute("UPDATE task SET done = NOT done WHERE id = %s", (1,), prepare=True)
        else:
            with gate.connect(autocommit=way == "simple") as agent:
                agent.execute(UPDATE)
                agent.commit()
        name = intent(gate)["transaction"]
        assert direct.execute("SELECT pg_xact_status(%s::xid8)", (name,)).fetchone()[0] == "committed"
        written = direct.execute("SELECT xmin::text, done FROM task WHERE id = 1").fetchone()
        assert written == (name, not before), "that very transaction wrote the row"


SLOW_COMMIT = """
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER wait_at_commit AFTER UPDATE ON task DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
"""


@pytest.fixture
def slow_commit(hospital):
    """An update of `task` waits at its COMMIT, for whoever holds the advisory lock 4711."""
    hospital.superuser(SLOW_COMMIT)
    yield
    hospital.superuser("DROP TRIGGER wait_at_commit ON task; DROP FUNCTION wait_at_commit()")


def outcome_of_a_cut_session(gate, hospital, hold, end) -> str:
    """The write waits for what `hold` holds when the session is cut; then `end` decides what becomes of it."""
    approved(gate, UPDATE)
    with psycopg.connect(hospital.server.url("postgres", "clinic"), password=hospital.server.password) as holder:
        holder.execute(hold)
        agent = gate.in_background(lambda: gate.connect().execute(UPDATE))
        until(lambda: holder.execute("SELECT pid FROM pg_locks WHERE NOT granted").fetchone())
        for _, session in list(gate.assembly.gateway._sessions.values()):
            gate.loop.call_soon_threadsafe(session.cut, "57P01", "as if the gateway had died")
        with pytest.raises(psycopg.Error):
            agent.result()
        end(holder)
    return until(
        lambda: next((e["status"] for e in bodies(gate, "reconciled")), ""),
    )


AT_COMMIT = "SELECT pg_advisory_xact_lock(4711)"
AT_THE_ROW = "SELECT 1 FROM task WHERE id = 1 FOR UPDATE"


def test_what_was_committed_after_all_is_found_done(gate, hospital, slow_commit):
    assert outcome_of_a_cut_session(gate, hospital, AT_COMMIT, lambda holder: holder.commit()) == "RECONCILED_DONE"
    outcomes = [e["status"] for e in bodies(gate, "outcome")]
    assert outcomes[-1] == "UNKNOWN", "it was never called a success or a failure before the server was asked"
    evidence = bodies(gate, "reconciled")[0]["evidence"]
    assert evidence == f"pg_xact_status({intent(gate)['transaction']})"


def test_what_was_rolled_back_is_found_without_effect(gate, hospital, slow_commit):
    def kill(holder):
        holder.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        holder.commit()

    assert outcome_of_a_cut_session(gate, hospital, AT_COMMIT, kill) == "RECONCILED_NO_EFFECT"


def test_a_write_whose_commit_was_never_sent_has_no_effect(gate, hospital):
    """The commit is sent only once the write has run: a gateway that dies before leaves nothing behind."""
    with hospital.direct() as direct:
        before = direct.execute("SELECT done FROM task WHERE id = 1").fetchone()
        end = outcome_of_a_cut_session(gate, hospital, AT_THE_ROW, lambda holder: holder.commit())
        assert end == "RECONCILED_NO_EFFECT"
        assert direct.execute("SELECT done FROM task WHERE id = 1").fetchone() == before


def test_a_refused_consume_leaves_no_transaction_open(gate, hospital, monkeypatch):
    """Between the id and the write something forbids it: nothing is written, and the session goes on."""
    approved(gate, UPDATE)

    async def off(self, *_, **__):
        from lockgate.services.approvals import Refusal

        return Refusal("LG004", "no longer")

    monkeypatch.setattr(Approvals, "consume", off)
    wire = Wire(gate)
    wire.say(query(UPDATE))
    assert any(kind == b"E" for kind, _ in wire.hear(1))
    wire.say(query("SET lockgate.hold = 'fail'"))
    wire.hear(1)
    wire.say(parse("", UPDATE) + bind("") + execute() + SYNC)
    heard = wire.hear(1)
    assert heard[-1] == (b"Z", b"I")
    wire.say(query("SELECT 1"))
    assert wire.hear(1)[-1] == (b"Z", b"I")
    wire.close()
