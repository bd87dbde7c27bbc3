"""An approved dump is leave for its own list, once: whatever else its session tries is decided as if it were none."""

from __future__ import annotations

import psycopg
import pytest

PLAN = "-c lockgate.plan=dump:public"
FAIL = " -c lockgate.hold=fail"
WARD = "COPY public.ward (id, name, beds) TO stdout;"
PATIENT = (
    "COPY public.patient (id, mrn, name, sex, born, ssn, phone, email, street, city, state, zip, active) TO stdout;"
)


def copied(session, sql: str) -> list[str]:
    with session.cursor().copy(sql) as copy:
        return b"".join(bytes(block) for block in copy).decode().splitlines()


def refused(session, sql: str) -> str:
    """The SQLSTATE with which this is refused, whether it would copy or not."""
    try:
        if sql.upper().startswith("COPY") and ";" not in sql.rstrip(";"):
            copied(session, sql)
        else:
            session.execute(sql)
    except psycopg.Error as error:
        return error.sqlstate or "no SQLSTATE"
    return "nothing: it ran"


def hospital_rows(hospital) -> int:
    """What the server takes the largest table to hold."""
    return int(
        hospital.superuser("SELECT max(reltuples)::int FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    )


@pytest.fixture
def dump(gate):
    """`dump()` is a session whose dump has been approved; nothing in it waits for anybody again."""
    opened = []

    def approved(options: str = PLAN) -> psycopg.Connection:
        running = gate.in_background(lambda: gate.connect(options=options))
        gate.vote(gate.wait_pending(), "rita")
        session = running.result()
        opened.append(session)
        session.execute("SET lockgate.hold = 'fail'")
        return session

    yield approved
    for session in opened:
        session.close()


@pytest.fixture
def spare(hospital):
    """What a test adds to the database, and is gone afterwards."""
    hospital.superuser(
        "CREATE SCHEMA spare; CREATE TABLE spare.t (a int); GRANT USAGE ON SCHEMA spare TO lockgate_gw;"
        "GRANT SELECT ON spare.t TO lockgate_gw"
    )
    yield
    hospital.superuser("DROP SCHEMA spare CASCADE; DROP TABLE IF EXISTS public.late CASCADE")


def test_each_member_runs_once_and_is_masked(dump, hospital):
    session = dump()
    with hospital.direct() as real:
        ssns = {row[0] for row in real.execute("SELECT ssn FROM patient")}
        patients = real.execute("SELECT count(*) FROM patient").fetchone()[0]
    lines = copied(session, PATIENT)
    assert len(lines) == patients
    assert not any(ssn in line for ssn in ssns for line in lines)
    assert refused(session, PATIENT) == "LG001"
    assert len(copied(session, WARD)) > 0
    assert refused(session, WARD) == "LG001"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("COPY (SELECT ssn FROM patient) TO STDOUT", "LG001"),
        ("SELECT id FROM patient WHERE ssn LIKE '1%'", "LG001"),
        ("UPDATE task SET done = true", "LG001"),
        ("DROP TABLE task", "LG002"),
        ("DO 'begin end'", "LG002"),
        ("SELECT pg_read_file('/etc/passwd')", "LG002"),
        ("COPY public.ward (id, name, beds) TO '/tmp/ward'", "LG002"),
        ("COPY public.ward (id, name, beds) TO PROGRAM 'cat'", "LG002"),
        (f"{WARD} COPY (SELECT ssn FROM patient) TO STDOUT", "LG001"),
        (f"BEGIN; {WARD} COMMIT", "LG001"),
    ],
)
def test_other_statements_are_decided_as_ever(dump, sql, code):
    session = dump()
    assert refused(session, sql) == code
    assert len(copied(session, WARD)) > 0, "and what was approved still runs"


def test_rows_sent_in_are_decided_as_ever(dump):
    into = dump().cursor().copy("COPY public.ward (id, name, beds) FROM STDIN")
    with pytest.raises(psycopg.Error) as refusal, into as copy:
        copy.write_row((99, "none", 1))
    assert refusal.value.sqlstate == "LG001"


@pytest.mark.parametrize(
    "sql",
    [
        "COPY public.patient TO stdout",
        "COPY public.patient (ssn) TO stdout",
        PATIENT.replace("id, mrn", "mrn, id"),
        PATIENT.replace("mrn, name", "ssn, name"),
        PATIENT.replace("TO stdout;", "TO stdout WITH (FORMAT csv)"),
        PATIENT.replace("TO stdout;", "TO stdout WITH (FORMAT binary)"),
        PATIENT.replace("TO stdout;", "TO stdout WITH (HEADER)"),
        PATIENT.replace("public.", ""),
        "COPY public.current_inpatients (id, name) TO stdout",
        "COPY spare.t (a) TO stdout",
    ],
)
def test_a_member_with_other_columns_options_or_schema_is_none(dump, spare, sql):
    assert refused(dump(), sql) == "LG001"


def test_a_member_by_the_extended_protocol_is_decided_as_ever(dump):
    result = dump().pgconn.exec_params(WARD.encode(), None)
    assert result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"LG001"


@pytest.mark.parametrize("plan", ["dump:pg_catalog", "dump:information_schema", "dump:nowhere", "dump:pg_toast"])
def test_the_servers_own_schemas_are_no_dump(gate, plan):
    with pytest.raises(psycopg.OperationalError, match="no such schema"):
        gate.connect(options=f"-c lockgate.plan={plan}")
    assert gate.pending() == []


@pytest.mark.parametrize("plan", ["dump", "dump:", "all:public", "public"])
def test_what_is_no_plan_is_refused(gate, plan):
    with pytest.raises(psycopg.OperationalError, match=r"lockgate\.plan is dump:SCHEMA"):
        gate.connect(options=f"-c lockgate.plan={plan}")


@pytest.mark.parametrize(
    "sql",
    [
        "SET lockgate.plan = 'dump:public'",
        "SELECT set_config('lockgate.plan', 'dump:public', false)",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SET row_security = off",
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings"
        " WHERE name = 'restrict_nonsystem_relation_kind'",
    ],
)
def test_no_session_becomes_a_dump_afterwards(gate, sql):
    with gate.connect() as session:
        assert refused(session, sql) == "LG002"


@pytest.mark.parametrize(
    "sql",
    [
        "SET lockgate.plan = 'dump:spare'",
        "SET standard_conforming_strings = off",
        "SELECT pg_catalog.set_config('search_path', 'spare', false)",
        "SELECT pg_catalog.set_config('search_path', '', true)",
        "SELECT pg_catalog.set_config('row_security', 'off', false)",
        "SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'standard_conforming_strings'",
        "SELECT set_config(name, '', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings",
        "SELECT set_config(name, 'view, foreign-table', false) FROM spare.pg_settings"
        " WHERE name = 'restrict_nonsystem_relation_kind'",
    ],
)
def test_settings_that_pg_dump_does_not_make_stay_refused(dump, sql):
    assert refused(dump(), sql) in ("LG002", "42P01")


def test_no_object_of_somebody_elses_stands_for_what_pg_dump_means(dump, spare, hospital):
    hospital.superuser(
        "CREATE FUNCTION spare.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'called'; END $$; CREATE VIEW spare.pg_settings AS SELECT 'x'::text AS name;"
        "CREATE FUNCTION spare.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'called'; END $$;"
        "CREATE OPERATOR spare.= (LEFTARG = text, RIGHTARG = text, FUNCTION = spare.eq);"
        "GRANT SELECT ON spare.pg_settings TO lockgate_gw"
    )
    session = dump()
    session.execute("SET search_path = spare, pg_catalog")
    shown = session.execute(
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings"
        " WHERE name = 'restrict_nonsystem_relation_kind'"
    ).fetchall()
    assert shown == [("view, foreign-table",)]
    session.execute("SELECT pg_catalog.set_config('search_path', '', false)")
    assert session.execute("SHOW search_path").fetchone() == ("pg_temp",), "never before a real table"
    assert len(copied(session, WARD)) > 0


def test_a_table_made_while_people_decide_ends_it(gate, spare, hospital):
    running = gate.in_background(lambda: gate.connect(options=PLAN))
    waiting = gate.wait_pending()
    hospital.superuser("CREATE TABLE public.late (ssn text); GRANT SELECT ON public.late TO lockgate_gw")
    gate.vote(waiting, "rita")
    with pytest.raises(psycopg.OperationalError, match="no longer what was approved"):
        running.result()


def test_a_table_made_after_approval_is_no_member(dump, spare, hospital):
    session = dump()
    hospital.superuser("CREATE TABLE public.late (ssn text); GRANT SELECT ON public.late TO lockgate_gw")
    assert refused(session, "COPY public.late (ssn) TO stdout;") == "LG001"
    assert len(copied(session, WARD)) > 0


def test_a_member_that_is_another_table_by_now_is_refused(gate, spare, hospital):
    hospital.superuser("CREATE TABLE public.late (a int); GRANT SELECT ON public.late TO lockgate_gw")
    running = gate.in_background(lambda: gate.connect(options=PLAN + FAIL))
    with pytest.raises(psycopg.OperationalError, match="waiting for approval"):
        running.result()
    gate.vote(gate.wait_pending(), "rita")
    with gate.connect(options=PLAN + FAIL) as session:
        hospital.superuser(
            "DROP TABLE public.late; CREATE TABLE public.late (a text);"
            "INSERT INTO public.late SELECT ssn FROM patient;"
            "GRANT SELECT ON public.late TO lockgate_gw"
        )
        assert refused(session, "COPY public.late (a) TO stdout;") == "LG004"
        assert refused(session, "COPY public.late (a) TO stdout;") == "LG001"


def test_one_approval_is_one_dump(gate):
    with pytest.raises(psycopg.OperationalError, match="waiting for approval") as waits:
        gate.connect(options=PLAN + FAIL)
    assert "LG001" in str(waits.value)
    assert "connect again with the same lockgate.plan" in str(waits.value)
    waiting = gate.wait_pending()
    gate.vote(waiting, "rita")
    with gate.connect(options=PLAN + FAIL) as session:
        assert len(copied(session, WARD)) > 0
        with pytest.raises(psycopg.OperationalError, match="waiting for approval"):
            gate.connect(options=PLAN + FAIL)
    assert gate.wait_pending().id != waiting.id


def test_a_denied_dump_never_begins(gate):
    running = gate.in_background(lambda: gate.connect(options=PLAN))
    gate.vote(gate.wait_pending(), "rita", approve=False, reason="not needed")
    with pytest.raises(psycopg.OperationalError, match="denied by a reviewer: not needed"):
        running.result()


def test_an_approval_of_another_schema_or_reveal_is_none_of_this(gate, spare):
    for options in (PLAN, "-c lockgate.plan=dump:spare"):
        with pytest.raises(psycopg.OperationalError, match="waiting for approval"):
            gate.connect(options=options + FAIL)
    for waiting in gate.pending():
        gate.vote(waiting, "rita")
    with pytest.raises(psycopg.OperationalError, match="waiting for approval"):
        gate.connect(options=PLAN + FAIL + " -c lockgate.reveal=ssn")


def test_only_what_was_approved_to_be_shown_is_shown(dump, hospital):
    session = dump(PLAN + " -c lockgate.reveal=ssn")
    with hospital.direct() as real:
        ssn, name = real.execute("SELECT ssn, name FROM patient WHERE id = 1").fetchone()
    session.execute("SET lockgate.reveal = 'ssn, name'")
    (line,) = [line for line in copied(session, PATIENT) if line.startswith("1\t")]
    assert ssn in line
    assert name not in line


def test_caps_hold_over_all_tables_together(dump, hospital):
    with hospital.direct() as real:
        wards = real.execute("SELECT count(*) FROM ward").fetchone()[0]
    session = dump(PLAN + f" -c lockgate.max_rows={wards + 1}")
    assert len(copied(session, WARD)) == wards
    with pytest.raises(psycopg.Error):
        copied(session, PATIENT)
    assert session.broken or session.closed


def test_a_reviewer_sees_that_it_is_a_dump_and_of_what(gate, hospital):
    with pytest.raises(psycopg.OperationalError, match="waiting for approval"):
        gate.connect(options=PLAN + FAIL)
    waiting = gate.wait_pending()
    assert any("a dump of the schema public: every row of" in line for line in waiting.lines)
    assert any("COPY public.patient(id, mrn, name" in line for line in waiting.lines)
    assert waiting.view["estimated_rows"] > hospital_rows(hospital)


def test_a_dump_that_is_broken_off_has_failed_with_what_left(gate, hospital):
    running = gate.in_background(lambda: gate.connect(options=PLAN))
    waiting = gate.wait_pending()
    gate.vote(waiting, "rita")
    with running.result() as session:
        wards = len(copied(session, WARD))
    ended = gate.outcome(waiting.id)
    assert (ended["status"], ended["rows"]) == ("FAILED", wards)


def test_a_dump_that_fails_upstream_runs_no_second_time(dump, hospital):
    session = dump()
    session.execute("BEGIN")
    session.execute("SAVEPOINT s")
    hospital.superuser("REVOKE SELECT ON public.ward FROM lockgate_gw")
    try:
        assert refused(session, WARD) == "42501"
    finally:
        hospital.superuser("GRANT SELECT ON public.ward TO lockgate_gw")
    session.execute("ROLLBACK")
    assert refused(session, WARD) == "LG001"


def test_a_cap_holds_where_nothing_is_masked_too(dump):
    session = dump(PLAN + " -c lockgate.max_rows=1")
    with pytest.raises(psycopg.Error):
        copied(session, WARD)
    assert session.broken or session.closed
