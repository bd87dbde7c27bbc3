"""What was approved is what runs: it is locked, compared before it runs and compared again before it commits."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from lockgate.demo.hospital import CATALOG
from lockgate.demo.hospital import GATEWAY_ROLE as ROLE

CHANGED = "changed while it waited"
MADE = f"""
CREATE VIEW open_task AS SELECT id, done FROM task;
CREATE FUNCTION task_weight(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION note_task() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
GRANT SELECT, UPDATE ON open_task TO {ROLE};
"""
DROPPED = """
DROP TRIGGER IF EXISTS noted ON task; DROP POLICY IF EXISTS mine ON task;
ALTER TABLE task DISABLE ROW LEVEL SECURITY;
ALTER TABLE task ALTER COLUMN done SET DEFAULT false; ALTER TABLE task DROP CONSTRAINT IF EXISTS few;
DROP TABLE IF EXISTS subtask; DROP VIEW IF EXISTS open_task;
DROP FUNCTION IF EXISTS task_weight(int); DROP FUNCTION IF EXISTS note_task();
"""
UPDATE = "UPDATE task SET done = NOT done WHERE id = 2"
THROUGH_A_VIEW = "UPDATE open_task SET done = NOT done WHERE id = 2"
BY_A_FUNCTION = "UPDATE task SET done = NOT done WHERE id = task_weight(2)"
GRANT = "GRANT SELECT ON open_task TO reporting"
EXPORT = "COPY (SELECT id, done FROM open_task) TO STDOUT"


@pytest.fixture
def made(hospital, gate):
    """The view is in the catalog, and the policy lets people agree to code, which the starter set never does."""
    hospital.superuser(DROPPED)
    hospital.superuser(MADE)
    known = CATALOG.read_text() + "public.open_task: {id: none, done: none}\n"
    gate.call(gate.assembly.catalog.accept("clinic", known, by="local:root"))
    folder = gate.assembly.policy.folder
    for file in folder.glob("*.cedar"):
        file.write_text(
            file.read_text()
            .replace(', Action::"sql.code"', "")
            .replace('action in [Action::"sql.write",', 'action in [Action::"sql.code", Action::"sql.write",')
        )
    gate.call(gate.assembly.reload_policy(by="local:root"))
    yield
    hospital.superuser(DROPPED)


def done(hospital):
    return hospital.superuser("SELECT done FROM task WHERE id = 2").strip()


def run(gate, statement, *, in_transaction=False, prepared=False):
    with gate.connect(autocommit=not in_transaction) as agent:
        if statement.startswith("COPY"):
            with agent.cursor().copy(statement) as rows:
                return list(rows)
        if prepared:
            agent.execute(statement.replace("2", "%s"), (2,), prepare=True)
        else:
            agent.execute(statement)
    return []


def states(gate):
    return [view.state for view in gate.call(gate.assembly.approvals.list())]


def bodies(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def outcomes(gate):
    """What became of the executions that people had approved."""
    held = {intent["execution"] for intent in bodies(gate, "intent") if intent.get("request")}
    return [(found["status"], found["code"]) for found in bodies(gate, "outcome") if found["execution"] in held]


@pytest.mark.parametrize("way", [{}, {"prepared": True}, {"in_transaction": True}], ids=["simple", "extended", "block"])
@pytest.mark.parametrize(
    ("statement", "change"),
    [
        (THROUGH_A_VIEW, "CREATE OR REPLACE VIEW open_task AS SELECT id, NOT done AS done FROM task"),
        (BY_A_FUNCTION, "CREATE OR REPLACE FUNCTION task_weight(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1+1'"),
        (UPDATE, "CREATE TRIGGER noted BEFORE UPDATE ON task FOR EACH ROW EXECUTE FUNCTION note_task()"),
        (UPDATE, "CREATE POLICY mine ON task USING (true); ALTER TABLE task ENABLE ROW LEVEL SECURITY"),
        (GRANT, "CREATE OR REPLACE VIEW open_task AS SELECT id, NOT done AS done FROM task"),
        (GRANT, "DROP VIEW open_task; CREATE VIEW open_task AS SELECT id, done FROM task"),
        (EXPORT, "CREATE OR REPLACE VIEW open_task AS SELECT id + 1 AS id, done FROM task"),
        (BY_A_FUNCTION, "ALTER FUNCTION task_weight(int) SECURITY DEFINER"),
        (BY_A_FUNCTION, "ALTER FUNCTION task_weight(int) IMMUTABLE"),
        (BY_A_FUNCTION, f"ALTER FUNCTION task_weight(int) OWNER TO {ROLE}"),
        (BY_A_FUNCTION, "CREATE OR REPLACE FUNCTION note_task() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"),
        (THROUGH_A_VIEW, "ALTER VIEW open_task SET (security_barrier = true)"),
        (THROUGH_A_VIEW, "ALTER VIEW open_task OWNER TO reporting"),
        (UPDATE, "ALTER TABLE task ENABLE ROW LEVEL SECURITY"),
        (UPDATE, "ALTER TABLE task ALTER COLUMN done SET DEFAULT NOT false"),
        (UPDATE, "ALTER TABLE task ADD CONSTRAINT few CHECK (id < 1000)"),
        (UPDATE, "CREATE TABLE subtask (id int REFERENCES task ON DELETE CASCADE)"),
    ],
    ids=[
        "view",
        "function",
        "trigger",
        "policy",
        "granted",
        "made again",
        "export",
        "definer",
        "volatility",
        "owner",
        "callee",
        "view's option",
        "view's owner",
        "row security",
        "default",
        "check",
        "cascade",
    ],
)
def test_what_changed_while_it_waited_does_not_run(gate, hospital, made, statement, change, way):
    if statement in (EXPORT, GRANT) and way.get("prepared"):
        way = {}
    before = done(hospital)
    agent = gate.in_background(lambda: run(gate, statement, **way))
    request = gate.wait_pending()
    hospital.superuser(change)
    gate.vote(request, "rita")
    if statement == GRANT:
        gate.vote(request, "dora")
    with pytest.raises(psycopg.Error, match="changed"):
        agent.result()
    assert states(gate) == ["INVALIDATED"]
    assert done(hospital) == before
    assert outcomes(gate) == []


def meanwhile(monkeypatch, what, happens):
    """`happens` each time before the gateway does `what` to look at the meaning again; returns a list of the calls."""
    from lockgate.gateways.postgres.session.deciding import meaning

    original = getattr(meaning, what)
    calls = []

    async def first(*args):
        calls.append(what)
        await happens(len(calls))
        return await original(*args)

    monkeypatch.setattr(meaning, what, first)
    return calls


@pytest.mark.parametrize("way", [{}, {"prepared": True}, {"in_transaction": True}], ids=["simple", "extended", "block"])
@pytest.mark.parametrize("back", [False, True], ids=["changed", "changed and put back"])
def test_a_function_that_changed_while_the_write_ran_is_rolled_back(gate, hospital, made, monkeypatch, way, back):
    """Functions cannot be locked. Replaced and put back, it says the same, but is another version of the row."""
    import asyncio

    before = done(hospital)
    replaced = "CREATE OR REPLACE FUNCTION task_weight(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1{}'"

    async def happens(call):
        if call == 2:  # the stamp after the run; the first was taken before it
            await asyncio.to_thread(hospital.superuser, replaced.format("+1"))
            if back:
                await asyncio.to_thread(hospital.superuser, replaced.format(""))

    calls = meanwhile(monkeypatch, "stamp", happens)
    statement = BY_A_FUNCTION.replace("(2)", "(%s)") if way.get("prepared") else BY_A_FUNCTION

    def try_it():
        with gate.connect(autocommit=not way.get("in_transaction")) as agent:
            if way.get("prepared"):
                agent.execute(statement, (2,), prepare=True)
            else:
                agent.execute(statement)

    agent = gate.in_background(try_it)
    gate.vote(gate.wait_pending(), "rita")
    with pytest.raises(psycopg.Error, match="rolled back"):
        agent.result()
    assert calls == ["stamp", "stamp"]
    assert done(hospital) == before
    for _ in range(100):
        if outcomes(gate):
            break
        threading.Event().wait(0.05)
    assert outcomes(gate) == [("FAILED", "LG004")]
    assert states(gate) == ["FAILED"]


def test_nobody_redefines_what_an_approved_statement_reaches_until_it_has_run(gate, hospital, made, monkeypatch):
    """Between the comparison and the run the locks are there already: the other's DDL waits for them."""
    import asyncio

    waited = []

    async def happens(_):
        ddl = asyncio.to_thread(
            hospital.superuser,
            "SET lock_timeout = '200ms'; CREATE OR REPLACE VIEW open_task AS SELECT id, NOT done AS done FROM task",
        )
        try:
            await ddl
        except Exception as error:
            waited.append(str(error))

    meanwhile(monkeypatch, "changed", happens)
    for statement in (EXPORT, THROUGH_A_VIEW):
        agent = gate.in_background(lambda statement=statement: run(gate, statement))
        gate.vote(gate.wait_pending(), "rita")
        agent.result()
    assert len(waited) == 2


def test_a_write_that_stands_still_is_committed_and_the_session_goes_on(gate, hospital, made):
    for way in ({}, {"prepared": True}, {"in_transaction": True}):
        before = done(hospital)
        agent = gate.in_background(lambda way=way: run(gate, THROUGH_A_VIEW, **way))
        gate.vote(gate.wait_pending(), "rita")
        agent.result()
        assert done(hospital) != before


def test_a_transaction_that_could_not_be_begun_runs_nothing(gate, hospital, monkeypatch):
    """As when a cancel request meets the gateway's own BEGIN."""
    from lockgate.gateways.postgres.session import own_transaction

    monkeypatch.setattr(own_transaction, "BEGIN", b"BEGIN ISOLATION LEVEL nothing")
    before = done(hospital)
    agent = gate.in_background(lambda: run(gate, UPDATE))
    gate.vote(gate.wait_pending(), "rita")
    with pytest.raises(psycopg.Error):
        agent.result()
    assert done(hospital) == before
