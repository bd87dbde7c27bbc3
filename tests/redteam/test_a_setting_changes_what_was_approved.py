"""One text, another meaning: `'02/01/2026'` is a day in January or in February, `plain` the table of one schema or of
the other. What people approved under some settings is another action under others, whenever they changed."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.demo import hospital as hospital_data
from support import tried
from wire import SYNC, Wire, bind, execute, parse, query

ROLE = hospital_data.GATEWAY_ROLE
BY_DATE = "DELETE FROM s1.visit WHERE day < '02/01/2026'"
BY_TIME = "DELETE FROM s1.visit WHERE seen < '2026-01-15 12:00'"
BY_INTERVAL = "DELETE FROM s1.visit WHERE took < '-1 12:00:00'"
BY_FLOAT = "DELETE FROM s1.visit WHERE score::text = '0.3'"
BY_BYTES = r"DELETE FROM s1.visit WHERE raw::text = 'ab'"
GRANT = "GRANT SELECT ON plain TO reporting"
COLUMN = "ALTER TABLE plain ADD COLUMN more text"

DMY, MDY = "datestyle = 'ISO, DMY'", "datestyle = 'ISO, MDY'"
SETTINGS = [
    (BY_DATE, DMY, MDY),
    (BY_TIME, "timezone = 'Pacific/Auckland'", "timezone = 'America/Los_Angeles'"),
    (BY_INTERVAL, "intervalstyle = 'sql_standard'", "intervalstyle = 'postgres'"),
    (BY_FLOAT, "extra_float_digits = 1", "extra_float_digits = 0"),
    (BY_BYTES, "bytea_output = 'hex'", "bytea_output = 'escape'"),
    (GRANT, "search_path = s1", "search_path = s2"),
    (COLUMN, "search_path = s1", "search_path = s2"),
]
IDS = ["datestyle", "timezone", "intervalstyle", "extra_float_digits", "bytea_output", "granted", "altered"]


@pytest.fixture
def schemas(hospital, gate):
    hospital.superuser(
        "CREATE SCHEMA s1; CREATE SCHEMA s2; CREATE TABLE s1.plain (v text); CREATE TABLE s2.plain (v text);"
        "CREATE TABLE s1.visit (day date, seen timestamptz, took interval, score float8, raw bytea);"
        "INSERT INTO s1.visit VALUES ('2026-01-15', '2026-01-15 12:00+00', '-1 day 1 hour', 0.1::float8 + 0.2, 'ab');"
        f"GRANT ALL ON SCHEMA s1, s2 TO {ROLE}; GRANT ALL ON s1.visit TO {ROLE};"
        f"ALTER TABLE s1.plain OWNER TO {ROLE}; ALTER TABLE s2.plain OWNER TO {ROLE}"
    )
    known = hospital_data.CATALOG.read_text()
    known += "s1.visit: {day: none, seen: none, took: none, score: none, raw: none}\n"
    gate.call(gate.assembly.catalog.accept("clinic", known + "s1.plain: {v: none}\ns2.plain: {v: none}\n", by="init"))
    yield
    hospital.superuser("DROP SCHEMA s1, s2 CASCADE")


def approve(gate):
    request = gate.wait_pending()
    gate.vote(request, "rita")
    if gate.pending():
        gate.vote(request, "dora")


def visits(hospital):
    return hospital.superuser("SELECT count(*) FROM s1.visit").strip()


@pytest.mark.parametrize(("statement", "approved", "other"), SETTINGS, ids=IDS)
def test_what_was_approved_under_one_setting_is_asked_anew_under_another(
    gate, hospital, schemas, statement, approved, other
):
    assert tried(gate, statement, f"SET {approved}") == "LG001"
    approve(gate)
    assert tried(gate, statement, f"SET {other}") == "LG001"
    assert tried(gate, statement, "BEGIN", f"SET LOCAL {other}") == "LG001"
    assert visits(hospital) == "1"
    assert tried(gate, statement, f"SET {other}", f"SET {approved}") == "", "the same settings, however they came to be"


def test_a_setting_that_a_rollback_brings_back_is_seen(gate, schemas):
    assert tried(gate, BY_DATE, f"SET {DMY}") == "LG001"
    approve(gate)
    back = "BEGIN", "SAVEPOINT a", f"SET {DMY}"
    assert tried(gate, BY_DATE, f"SET {MDY}", *back, "ROLLBACK TO a") == "LG001"
    assert tried(gate, BY_DATE, f"SET {MDY}", *back, "ROLLBACK") == "LG001"
    assert tried(gate, BY_DATE, f"SET {DMY}", "BEGIN", f"SET LOCAL {MDY}", "COMMIT") == ""


def heard(wire, ready=1):
    return b"".join(body for _, body in wire.hear(ready))


def in_one_string(wire, really):
    """The end of a transaction brings the other setting back, within the message."""
    wire.say(query(f"SET {really}") + query("BEGIN") + query(f"SET LOCAL {DMY}") + query(f"ROLLBACK; {BY_DATE}"))
    return heard(wire, 4)


def reset_in_one_string(wire, really):
    wire.say(query(f"SET {DMY}") + query(f"RESET datestyle; {BY_DATE}") + query(f"SET {really}"))
    return heard(wire, 3)


def prepared_under_the_other(wire, really):
    """The server has read the day when it parsed the statement."""
    wire.say(query(f"SET {really}") + parse("d", BY_DATE) + SYNC + query(f"SET {DMY}") + bind("d") + execute() + SYNC)
    return heard(wire, 4)


def prepared_behind_a_setting(wire, really):
    wire.say(
        query(f"SET {DMY}")
        + parse("", f"SET {really}") + bind("") + execute() + parse("d", BY_DATE)
        + parse("", f"SET {DMY}") + bind("") + execute() + SYNC
        + bind("d") + execute() + SYNC
    )  # fmt: skip
    return heard(wire, 3)


def prepared_by_sql(wire, really):
    wire.say(query(f"SET {really}") + query(f"PREPARE d AS {BY_DATE}") + query(f"SET {DMY}") + query("EXECUTE d"))
    return heard(wire, 4)


def prepared_by_sql_in_one_string(wire, really):
    wire.say(query(f"SET {DMY}") + query(f"SET {really}; PREPARE d AS {BY_DATE}; SET {DMY}") + query("EXECUTE d"))
    return heard(wire, 3)


def in_one_pipeline(wire, really):
    wire.say(query(f"SET {DMY}") + parse("m", f"SET {really}") + parse("d", BY_DATE) + SYNC)
    wire.hear(2)
    wire.say(bind("m") + execute() + bind("d") + execute() + SYNC)
    return heard(wire)


def bound_before(wire, really):
    """Its grant is used when it is bound, and then the setting changes before it is executed."""
    late = BY_DATE.replace("'02/01/2026'", "('02/01/' || 2026)::date")
    wire.say(query(f"SET {DMY}") + parse("m", f"SET {really}") + parse("d", late) + SYNC + query("BEGIN"))
    wire.hear(3)
    wire.say(bind("d", "late") + bind("m") + execute() + execute("late") + SYNC)
    return heard(wire)


def by_a_prepared_set(wire, really):
    """Bound once without a run, so that its next run could be taken for a decided one."""
    wire.say(query(f"SET {DMY}") + parse("m", f"SET {really}") + bind("m") + SYNC + parse("d", BY_DATE) + SYNC)
    wire.hear(3)
    wire.say(bind("m") + execute() + SYNC)
    wire.hear(1)
    wire.say(query(BY_DATE))
    return heard(wire)


WAYS = [
    in_one_string,
    reset_in_one_string,
    prepared_under_the_other,
    prepared_behind_a_setting,
    prepared_by_sql,
    prepared_by_sql_in_one_string,
    in_one_pipeline,
    bound_before,
    by_a_prepared_set,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_order_of_messages_runs_it_under_another_setting(gate, hospital, schemas, way):
    """The same messages are approved with the day in January everywhere; then the server would read it in February."""
    for really in (DMY, MDY):
        wire = Wire(gate)
        wire.say(query("SET lockgate.hold = 'fail'"))
        wire.hear(1)
        found = way(wire, really)
        wire.close()
        while gate.pending():
            approve(gate)
    assert visits(hospital) == "1", found
    assert b"SERROR" in found


def test_what_was_prepared_under_the_same_setting_runs(gate, hospital, schemas):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        agent.execute(f"SET {MDY}")
        with pytest.raises(psycopg.Error, match="waiting"):
            agent.execute(BY_DATE, prepare=True)
        approve(gate)
        agent.execute(f"SET {DMY}")
        agent.execute(f"SET {MDY}")
        assert agent.execute(BY_DATE, prepare=True).rowcount == 1


def test_a_permit_binds_the_settings_too(gate, schemas):
    """A standing grant and a permit go by the statement's key."""
    from lockgate.gateways.postgres.session.deciding.keying import statement_key

    keys = set()
    for setting in (DMY, MDY, DMY):
        with gate.connect() as agent:
            agent.execute(f"SET {setting}")
            agent.execute("SELECT 1")
            (_, session), *_ = gate.assembly.gateway._sessions.values()

            async def key(session=session):
                resolver = session.connection.resolver
                return statement_key(session, await resolver.resolve(session, BY_DATE.encode(), ()))

            keys.add(gate.call(key()))
    assert len(keys) == 2
