"""Words of the server hold more than a statement names: of a row that is refused, of a trigger, of a function.

The policy here lets the agent write and call functions at once, so that everything runs and everything is heard.
"""

from __future__ import annotations

import psycopg
import pytest

from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from redteam.test_no_attempt_leaks import attempt, secrets
from support import start_gate, stop_gate

__all__ = ["secrets"]

MADE = f"""
ALTER TABLE patient ADD CONSTRAINT is_real CHECK (id > 0);
CREATE TABLE archive (id int PRIMARY KEY, done boolean);
CREATE TABLE archived (id int REFERENCES archive ON DELETE SET NULL, ssn text, CHECK (id IS NOT NULL OR ssn = ''));
INSERT INTO archive SELECT 1, true; INSERT INTO archived SELECT 1, ssn FROM patient WHERE id = 3;
CREATE TABLE shelf (id int, done boolean) PARTITION BY LIST (id);
CREATE TABLE shelf_1 PARTITION OF shelf FOR VALUES IN (1);
CREATE FUNCTION first_ssn() RETURNS text LANGUAGE sql IMMUTABLE SECURITY DEFINER AS
  'SELECT ssn FROM public.patient WHERE id = 3';
CREATE FUNCTION says() RETURNS int LANGUAGE plpgsql AS
  $$BEGIN RAISE NOTICE 'the first is %', (SELECT ssn FROM public.patient WHERE id = 3); RETURN 1; END$$;
CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION 'the first is %', (SELECT ssn FROM public.patient WHERE id = 3)
      USING DETAIL = (SELECT name FROM public.patient WHERE id = 3), HINT = 'see above'; END$$;
CREATE FUNCTION heard() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE NOTICE 'the first is %', (SELECT ssn FROM public.patient WHERE id = 3);
    IF NEW.id = 13 THEN RAISE EXCEPTION '%', (SELECT ssn FROM public.patient WHERE id = 3); END IF; RETURN NEW; END$$;
CREATE TABLE bell (id int); CREATE TRIGGER rings BEFORE INSERT ON bell FOR EACH ROW EXECUTE FUNCTION heard();
CREATE TABLE gong (id int DEFAULT says());
CREATE VIEW ringing AS SELECT id FROM task WHERE says() = 1;
GRANT ALL ON archive, archived, shelf, bell, gong, ringing TO {ROLE};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {ROLE};
"""
DROPPED = """
ALTER TABLE patient DROP CONSTRAINT IF EXISTS is_real;
DROP VIEW IF EXISTS ringing; DROP TABLE IF EXISTS archived, archive, shelf, bell, gong;
DROP FUNCTION IF EXISTS first_ssn(), says(), fails(), heard();
"""
MAP = """
public.archive: {id: none, done: none}
public.archived: {id: none, ssn: ssn}
public.shelf: {id: none, done: none}
public.bell: {id: none}
public.gong: {id: none}
"""
OPEN = """
@id("agents-do-all")
@title("An agent writes and calls what it likes")
permit (principal is Agent, action in [Action::"sql.write", Action::"sql.code", Action::"probe"], resource);
"""

FAILS = {
    "not-null": "UPDATE patient SET active = NULL WHERE id = 3",
    "check": "UPDATE patient SET id = -3 WHERE id = 3",
    "foreign-key-from-elsewhere": "UPDATE patient SET id = 4000 WHERE id = 3",
    "unique": "UPDATE patient SET id = 4 WHERE id = 3",
    "copied": "INSERT INTO patient (id, active) VALUES (4001, true)",
    "merged": "MERGE INTO patient p USING task t ON p.id = t.id WHEN MATCHED THEN UPDATE SET active = NULL",
    "cascade": "DELETE FROM archive WHERE id = 1",
    "function": "SELECT fails()",
    "trigger": "INSERT INTO bell VALUES (13)",
}
SPEAKS = {
    "function-notice": "SELECT says()",
    "trigger-notice": "INSERT INTO bell VALUES (1)",
    "default-notice": "INSERT INTO gong DEFAULT VALUES",
    "view-notice": "SELECT id FROM ringing",
    "explain": "EXPLAIN VERBOSE SELECT first_ssn()",
    "explain-filter": "EXPLAIN SELECT id FROM task WHERE title = first_ssn()",
    "explain-analyze": "EXPLAIN (ANALYZE, VERBOSE) SELECT says(), first_ssn()",
}


@pytest.fixture(scope="module")
def loud(hospital, tmp_path_factory):
    hospital.superuser(DROPPED)
    hospital.superuser(MADE)
    started = start_gate(hospital, tmp_path_factory.mktemp("loud"), "ai-agents")
    folder = started.assembly.policy.folder
    for file in folder.glob("*.cedar"):
        file.write_text(file.read_text().replace(', Action::"sql.code"', ""))
    (folder / "open.cedar").write_text(OPEN)
    started.call(started.assembly.reload_policy(by="local:root"))
    known = started.assembly.catalog.current("clinic").to_yaml() + MAP
    started.call(started.assembly.maps.accept("clinic", known, by="local:root"))
    yield started
    stop_gate(started)
    hospital.superuser(DROPPED)


@pytest.mark.parametrize("way", ["simple", "text", "transaction"])
@pytest.mark.parametrize("statement", FAILS.values(), ids=list(FAILS))
def test_a_failure_quotes_nothing(loud, secrets, statement, way):
    seen = attempt(loud, [statement], way)
    everything = "\n".join(seen.text)
    assert seen.codes, "it was to fail"
    assert not [code for code in seen.codes if code.startswith("LG")], everything
    assert not [value for value in secrets if value in everything]
    assert "withheld" in everything


@pytest.mark.parametrize("way", ["simple", "text", "transaction"])
@pytest.mark.parametrize("statement", SPEAKS.values(), ids=list(SPEAKS))
def test_what_runs_says_nothing(loud, secrets, statement, way):
    seen = attempt(loud, [statement], way)
    everything = "\n".join(seen.text)
    assert not seen.codes, everything
    assert not [value for value in secrets if value in everything]


@pytest.mark.parametrize("way", ["simple", "text", "transaction"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT current_setting('my.secret')",
        "SELECT current_setting('my.' || 'secret', true)",
        "SELECT upper(current_setting(title)) FROM (VALUES ('my.secret')) t(title)",
        "SELECT setting FROM pg_settings WHERE name = 'my.secret'",
        "SELECT current_setting(name) FROM pg_settings WHERE name = 'my.secret'",
        "SELECT current_setting(name) FROM (SELECT 'my.secret' AS name FROM pg_settings) s",
        "SHOW my.secret",
        "SHOW ALL",
    ],
)
def test_what_code_put_into_a_setting_is_not_shown(loud, secrets, statement, way):
    keep = "SELECT set_config('my.secret', ssn, false) FROM patient WHERE id = 3"
    seen = attempt(loud, [keep, statement], way)
    everything = "\n".join(seen.text)
    assert not [value for value in secrets if value in everything]


@pytest.mark.parametrize("binary", [False, True])
def test_a_setting_named_by_a_parameter_is_looked_at_when_the_name_comes(loud, binary):
    keep = "SELECT set_config('my.secret', ssn, false) FROM patient WHERE id = 3"
    with loud.connect() as agent:
        agent.execute(keep)
        ask = agent.cursor(binary=binary)
        for _ in range(3):
            assert ask.execute("SELECT current_setting(%s::varchar)", ("work_mem",), prepare=True).fetchone() == (
                "4MB",
            )
        with pytest.raises(psycopg.Error) as refused:
            ask.execute("SELECT current_setting(%s::varchar)", ("my.secret",), prepare=True)
        assert refused.value.sqlstate == "LG002"
        agent.execute("PREPARE q (text) AS SELECT current_setting($1)")
        assert agent.execute("EXECUTE q ('work_mem')").fetchone() == ("4MB",)
        with pytest.raises(psycopg.Error) as refused:
            agent.execute("EXECUTE q ('my.secret')")
        assert refused.value.sqlstate == "LG002"


def test_where_no_row_holds_phi_the_reason_is_told(loud):
    with loud.connect() as agent, pytest.raises(psycopg.errors.NotNullViolation) as failed:
        agent.execute("INSERT INTO task (title) VALUES (NULL)")
    assert "title" in str(failed.value)


def test_a_row_that_fits_no_partition_is_told_where_none_holds_phi(loud):
    with loud.connect() as agent, pytest.raises(psycopg.errors.CheckViolation) as failed:
        agent.execute("INSERT INTO shelf VALUES (2, true)")
    assert "no partition" in str(failed.value)


@pytest.mark.parametrize("statement", ["EXPLAIN VERBOSE SELECT first_ssn()", "EXPLAIN SELECT id FROM ringing"])
def test_planning_runs_code_so_it_is_asked_for_as_code(hospital, loud, tmp_path, statement):
    """PostgreSQL calls an IMMUTABLE function while it plans: EXPLAIN without ANALYZE is no way around the question."""
    strict = start_gate(hospital, tmp_path, "ai-agents")
    try:
        with strict.connect() as agent, pytest.raises(psycopg.Error) as refused:
            agent.execute(statement)
        assert refused.value.sqlstate == "LG002"
    finally:
        stop_gate(strict)
