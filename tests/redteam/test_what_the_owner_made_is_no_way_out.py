"""What others have put on the server may not be turned: a dictionary of operators, another server, a trigger, a binary
COPY, a table that a second session reads."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from redteam.test_no_attempt_leaks import REFUSALS, attempt, secrets
from support import start_gate, stop_gate, tried

__all__ = ["secrets"]

MADE = f"""
CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT ssn FROM public.patient WHERE id = 3';
CREATE FUNCTION public.same(text, varchar) RETURNS boolean LANGUAGE plpgsql AS
  $$BEGIN RAISE NOTICE '%', (SELECT ssn FROM public.patient WHERE id = 3); RETURN true; END$$;
CREATE OPERATOR public.= (FUNCTION = public.same, LEFTARG = text, RIGHTARG = varchar);
CREATE TABLE seen (id int, what text);
CREATE FUNCTION carries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$BEGIN INSERT INTO public.seen SELECT id, ssn FROM public.patient WHERE id = NEW.id; RETURN NEW; END$$;
CREATE TRIGGER copies AFTER UPDATE ON task FOR EACH ROW EXECUTE FUNCTION carries();
GRANT ALL ON seen TO {ROLE};
"""
DROPPED = """
DROP OPERATOR IF EXISTS public.= (text, varchar);
DROP FUNCTION IF EXISTS public.lower(varchar), public.same(text, varchar);
DROP TRIGGER IF EXISTS copies ON task; DROP FUNCTION IF EXISTS carries(); DROP TABLE IF EXISTS seen;
DROP SERVER IF EXISTS elsewhere CASCADE; DROP EXTENSION IF EXISTS postgres_fdw, dblink, pg_stat_statements;
"""
SHADOWS = [
    "SELECT lower('x'::varchar)",
    "SELECT lower(title::varchar) FROM task",
    "SELECT id FROM task WHERE title = 'x'::varchar",
    "SELECT id FROM task WHERE lower(title::varchar) <> ''",
    "SELECT id FROM task ORDER BY lower(title::varchar)",
    "SELECT count(*) FILTER (WHERE title = 'x'::varchar) FROM task",
    "EXPLAIN VERBOSE SELECT lower('x'::varchar)",
    "SELECT t.id FROM task t JOIN ward w ON t.title = w.name::varchar",
]


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    hospital.superuser(DROPPED)
    hospital.superuser(MADE)
    started = start_gate(hospital, tmp_path_factory.mktemp("made"), "ai-agents")
    yield started
    stop_gate(started)
    hospital.superuser(DROPPED)


@pytest.mark.parametrize("way", ["simple", "text", "binary"])
@pytest.mark.parametrize("statement", SHADOWS)
def test_a_function_or_operator_that_shadows_a_known_one_is_code(gate, secrets, statement, way):
    seen = attempt(gate, [statement], way)
    everything = "\n".join(seen.text)
    assert not [value for value in secrets if value in everything]
    assert [code for code in seen.codes if code in REFUSALS], everything


def test_the_known_ones_stay_free_beside_them(gate):
    assert tried(gate, "SELECT lower(title) FROM task WHERE title = 'Task 1'") == ""


def test_what_a_trigger_carries_elsewhere_is_masked_there(gate, hospital, secrets):
    """Nobody has said anything of that table: whatever lands in it is hidden from whoever reads it."""
    running = gate.in_background(lambda: gate.connect().execute("UPDATE task SET done = done WHERE id = 3"))
    gate.vote(gate.wait_pending(), "rita")
    running.result()
    assert hospital.superuser("SELECT count(*) FROM seen").strip() == "1"
    with gate.connect() as another:
        rows = another.execute("SELECT what FROM seen").fetchall()
    assert rows == [("[UNCLASSIFIED]",)]


def test_a_class_is_not_written_to_where_a_second_session_reads_it(gate, hospital):
    for statement in (
        "INSERT INTO task (title) SELECT ssn FROM patient",
        "INSERT INTO seen SELECT id, ssn FROM patient",
        "UPDATE ward SET name = (SELECT name FROM patient LIMIT 1)",
    ):
        assert tried(gate, statement) == "LG002"


@pytest.mark.parametrize("options", ["FORMAT binary", "FORMAT csv, FORCE_QUOTE *"])
def test_an_approved_copy_is_masked_in_every_format(gate, secrets, options):
    def export():
        with gate.connect() as agent, agent.cursor().copy(f"COPY patient TO STDOUT ({options})") as copy:
            return b"".join(bytes(block) for block in copy)

    running = gate.in_background(export)
    gate.vote(gate.wait_pending(), "rita")
    shown = running.result().decode("utf-8", "replace")
    assert "SSN-" in shown
    assert not [value for value in secrets if value in shown]


@pytest.mark.parametrize("way", ["simple", "text", "binary"])
def test_another_server_is_not_asked_through_an_extension(gate, hospital, secrets, way):
    hospital.superuser("CREATE EXTENSION IF NOT EXISTS dblink")
    where = f"host=127.0.0.1 port={hospital.server.port} dbname=clinic user={ROLE} password={hospital.password}"
    do = [
        f"SELECT * FROM dblink('{where}', 'SELECT ssn FROM patient') AS t (s text)",
        f"SELECT dblink_connect('c', '{where}')",
        "SELECT 1 WHERE dblink_exec('c', 'DROP TABLE task') = ''",
    ]
    for statement in do:
        seen = attempt(gate, [statement], way)
        assert seen.codes == ["LG002"]
        assert not [value for value in secrets if value in "\n".join(seen.text)]


def test_statements_of_others_are_not_listed(gate, hospital):
    hospital.superuser("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    for statement in (
        "SELECT query FROM pg_stat_statements",
        "SELECT query FROM pg_stat_statements(true)",
        "SELECT query FROM pg_stat_activity",
        "SELECT objid FROM pg_locks",
    ):
        assert tried(gate, statement) == "LG002"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT ssn FROM patient UNION ALL SELECT lpad(i::text, 9, '0') FROM generate_series(1, 10) i",
        "SELECT v.s FROM patient p CROSS JOIN LATERAL (VALUES (p.ssn), ('911-11-1111')) v(s)",
        "SELECT coalesce(NULL, ssn, '911-11-1111') FROM patient",
        "SELECT CASE WHEN id > 3 THEN ssn ELSE '911-11-1111' END FROM patient",
        "SELECT s FROM (SELECT ssn AS s FROM patient UNION ALL VALUES ('911-11-1111')) q",
    ],
)
def test_a_token_of_a_chosen_value_is_not_to_be_had(gate, statement):
    """Tokens of guesses beside tokens of patients would be a dictionary."""
    with gate.connect() as agent:
        shown = {row[0] for row in agent.execute(statement)}
    assert shown == {"[SSN]"}


def test_a_foreign_table_is_unreviewed_like_any_other(gate, hospital, secrets):
    hospital.superuser(
        f"""
        CREATE EXTENSION IF NOT EXISTS postgres_fdw;
        CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw
          OPTIONS (host '127.0.0.1', port '{hospital.server.port}', dbname 'clinic');
        CREATE USER MAPPING FOR {ROLE} SERVER elsewhere OPTIONS (user '{ROLE}', password '{hospital.password}');
        CREATE FOREIGN TABLE far (name text, ssn text) SERVER elsewhere OPTIONS (table_name 'patient');
        GRANT SELECT ON far TO {ROLE};
        """
    )
    with gate.connect() as agent:
        assert set(agent.execute("SELECT ssn FROM far LIMIT 5").fetchall()) == {("[UNCLASSIFIED]",)}
    assert tried(gate, "SELECT name FROM far WHERE ssn = '911-11-1111'") in REFUSALS
    with gate.connect() as agent, pytest.raises(psycopg.Error) as failed:
        agent.execute("SELECT umoptions, 1 / 0 FROM pg_user_mappings")
    assert hospital.password not in str(failed.value)
