"""A session can put into its temporary tables what it likes: none of that may search, show or translate a hidden value.

Each list is what the agent sends, in order. `refused`: something of it is held or forbidden; `masked`: all of it runs.
"""

from __future__ import annotations

import psycopg
import pytest

from redteam.test_no_attempt_leaks import REFUSALS, attempt, gate, secrets, withdraw_all

__all__ = ["gate", "secrets"]

SOME = "SELECT ssn FROM patient ORDER BY id LIMIT 3"

SEARCHES = {
    "join-made": ["CREATE TEMP TABLE g AS SELECT '911-11-1111'::text AS s", "SELECT id FROM patient JOIN g ON s = ssn"],
    "join-filled": [
        "CREATE TEMP TABLE g (s text)",
        "INSERT INTO g VALUES ('911-11-1111')",
        "SELECT id FROM patient JOIN g ON s = ssn",
    ],
    "in": [
        "CREATE TEMP TABLE g AS SELECT '911-11-1111'::text AS s",
        "SELECT id FROM patient WHERE ssn IN (SELECT s FROM g)",
    ],
    "except": [
        "CREATE TEMP TABLE g AS SELECT '911-11-1111'::text AS s",
        "SELECT s FROM g EXCEPT SELECT ssn FROM patient",
    ],
    "records-by-series": [
        "SELECT i FROM patient JOIN generate_series(7000001, 7000300) i ON mrn = i::text",
    ],
    "records-by-values": ["SELECT id FROM patient JOIN (VALUES ('7000013')) g(s) ON s = mrn"],
    "records-by-lateral": [
        "SELECT s FROM patient, LATERAL (SELECT '70000' || i AS s FROM generate_series(10, 99) i) g WHERE mrn = s",
    ],
    "records-by-recursion": [
        "WITH RECURSIVE g(i) AS (SELECT 7000000 UNION ALL SELECT i + 1 FROM g WHERE i < 7000300)"
        " SELECT i FROM g JOIN patient ON mrn = i::text",
    ],
    "records-by-array": ["SELECT id FROM patient WHERE mrn = ANY (string_to_array('7000013,7000026', ','))"],
}

WRITES = {
    "insert": ["CREATE TEMP TABLE t AS SELECT 'x'::text AS v", f"INSERT INTO t {SOME}", "SELECT v FROM t"],
    "update": [
        "CREATE TEMP TABLE t AS SELECT 'x'::text AS v",
        "UPDATE t SET v = (SELECT ssn FROM patient LIMIT 1)",
        "SELECT v FROM t",
    ],
    "merge": [
        "CREATE TEMP TABLE t AS SELECT 1 AS id, 'x'::text AS v",
        "MERGE INTO t USING patient p ON t.id = p.id WHEN MATCHED THEN UPDATE SET v = p.ssn",
        "SELECT v FROM t",
    ],
    "conflict": [
        "CREATE TEMP TABLE t AS SELECT 1 AS id, 'x'::text AS v",
        "INSERT INTO t SELECT id, ssn FROM patient",
        "SELECT v FROM t",
    ],
    "returning": [
        "CREATE TEMP TABLE t AS SELECT 'x'::text AS v",
        f"WITH w AS (INSERT INTO t {SOME} RETURNING v) SELECT v FROM w",
    ],
}

M = """'{"M": 1}'::jsonb ->> left(name, 1)"""
"""NULL for every name that does not begin with an M; no comparison, and no error."""

COMPUTED = {
    "is-null": [f"CREATE TEMP TABLE t AS SELECT id, {M} AS x FROM patient", "SELECT id FROM t WHERE x IS NULL"],
    "count": [f"CREATE TEMP TABLE t AS SELECT id, {M} AS x FROM patient", "SELECT count(x) FROM t"],
    "json-key": [
        f"CREATE TEMP TABLE t AS SELECT id, {M} AS x FROM patient",
        "SELECT json_build_object(x, 1) FROM t WHERE id = 3",
    ],
    "not-null": ["CREATE TEMP TABLE t (id int, x text NOT NULL)", f"INSERT INTO t SELECT id, {M} FROM patient"],
    "birth-as-care": [
        "CREATE TEMP TABLE t AS SELECT id, admitted AS d FROM encounter LIMIT 0",
        "INSERT INTO t SELECT id, born FROM patient",
        "SELECT id FROM t WHERE d < '1960-01-01'",
    ],
    "birth-ordered": [
        "CREATE TEMP TABLE t AS SELECT id, admitted AS d FROM encounter",
        "UPDATE t SET d = p.born FROM patient p WHERE p.id = t.id",
        "SELECT id FROM t ORDER BY d",
    ],
    "distance-from-a-chosen-date": [
        "CREATE TEMP TABLE t AS SELECT id, admitted, discharged FROM encounter",
        "UPDATE t SET admitted = '2000-01-01'",
        "SELECT discharged - admitted FROM t",
    ],
    "record-number": [
        "CREATE TEMP TABLE t AS SELECT id, mrn FROM patient",
        "SELECT id FROM t WHERE mrn = '7000013'",
    ],
}

OLDER_ONE_IS_BACK = {
    "if-not-exists": [
        f"CREATE TEMP TABLE t AS {SOME}",
        "CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 'x'::text AS ssn",
        "SELECT ssn FROM t",
    ],
    "rolled-back": [
        f"CREATE TEMP TABLE t AS {SOME}",
        "BEGIN",
        "DROP TABLE pg_temp.t",
        "CREATE TEMP TABLE t AS SELECT 'x'::text AS ssn",
        "ROLLBACK",
        "SELECT ssn FROM t",
    ],
    "rolled-back-to": [
        "BEGIN",
        f"CREATE TEMP TABLE t AS {SOME}",
        "SAVEPOINT s",
        "DROP TABLE pg_temp.t",
        "CREATE TEMP TABLE t AS SELECT 'x'::text AS ssn",
        "ROLLBACK TO s",
        "SELECT ssn FROM t",
        "COMMIT",
    ],
    "failed-commit": [
        f"CREATE TEMP TABLE t AS {SOME}",
        "BEGIN",
        "DROP TABLE pg_temp.t",
        "CREATE TEMP TABLE t AS SELECT 'x'::text AS ssn",
        "SELECT 1 / 0",
        "COMMIT",
        "SELECT ssn FROM t",
    ],
    "failed-string": [
        f"CREATE TEMP TABLE t AS {SOME}",
        "DROP TABLE pg_temp.t; CREATE TEMP TABLE t AS SELECT 'x'::text AS ssn; SELECT 1 / 0",
        "SELECT ssn FROM t",
    ],
}


def leaked(seen, secrets) -> int:
    everything = "\n".join(seen.text)
    return sum(value in everything for value in secrets)


@pytest.mark.parametrize("way", ["simple", "text", "binary"])
@pytest.mark.parametrize(
    "do", [*SEARCHES.values(), *WRITES.values(), *COMPUTED.values()], ids=[*SEARCHES, *WRITES, *COMPUTED]
)
def test_what_the_session_chose_never_meets_a_hidden_value_unasked(gate, secrets, do, way):
    seen = attempt(gate, do, way)
    withdraw_all(gate)
    assert not leaked(seen, secrets)
    assert [code for code in seen.codes if code in REFUSALS], seen.text[:5]


@pytest.mark.parametrize("way", ["simple", "text", "binary"])
@pytest.mark.parametrize("do", OLDER_ONE_IS_BACK.values(), ids=list(OLDER_ONE_IS_BACK))
def test_a_name_whose_older_table_is_back_shows_nothing_of_it(gate, secrets, do, way):
    assert not leaked(attempt(gate, do, way), secrets)


def test_tokens_cannot_be_had_for_chosen_values(gate):
    """A table made from SSNs is the session's own: with tokens, an inserted guess would be a dictionary's entry."""
    with gate.connect() as agent:
        agent.execute(f"CREATE TEMP TABLE t AS {SOME}")
        agent.execute("INSERT INTO t VALUES ('911-11-1111')")
        assert {row[0] for row in agent.execute("SELECT ssn FROM t")} == {"[SSN]"}


def shown(agent, query):
    return {row[0] for row in agent.execute(query)}


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_whether_a_computed_value_is_null_is_not_told_by_the_column_that_it_was_put_into(gate, binary):
    with gate.connect() as agent:
        agent.execute(f"CREATE TEMP TABLE t AS SELECT id, {M} AS x FROM patient")
        assert {row[0] for row in agent.execute("SELECT x FROM t", binary=binary)} == {"[NAME]"}


def test_a_date_that_the_session_may_move_shows_no_year(gate):
    """Moved a day at a time until its year changes, it would be told."""
    with gate.connect() as agent:
        agent.execute("CREATE TEMP TABLE t AS SELECT id, admitted + interval '100 days' AS admitted FROM encounter")
        assert shown(agent, "SELECT extract(year FROM admitted) FROM t") == {-1}
        assert {day.year for day in shown(agent, "SELECT admitted FROM t")} == {1900}


def test_a_place_that_was_put_where_a_coarser_one_stood_is_not_shown_as_it(gate, secrets, hospital):
    with hospital.direct() as direct:
        real = {row[0] for row in direct.execute("SELECT zip FROM patient")}
    with gate.connect() as agent:
        agent.execute("CREATE TEMP TABLE t AS SELECT id, state FROM patient")
        agent.execute("UPDATE t SET state = p.zip FROM patient p WHERE p.id = t.id")
        assert not shown(agent, "SELECT state FROM t") & real


def test_a_column_is_what_was_put_into_it_whatever_it_is_called(gate):
    """Classes go by the place of a column: its name is the session's choice."""
    with gate.connect() as agent:
        agent.execute("CREATE TEMP TABLE t (ssn, id) AS SELECT id, ssn FROM patient")
        assert shown(agent, "SELECT id FROM t") == {"[SSN]"}
        assert shown(agent, "SELECT ssn FROM t") >= {1, 2, 3}, "numbers of rows that are called otherwise stay"


def test_a_table_made_from_clean_columns_stays_useful(gate):
    with gate.connect() as agent:
        agent.execute("CREATE TEMP TABLE w AS SELECT id, name FROM ward")
        rows = agent.execute("SELECT name FROM w ORDER BY id").fetchall()
        with pytest.raises(psycopg.Error):
            agent.execute("SELECT no_such_column FROM w")
        assert agent.execute("SELECT name FROM w ORDER BY id").fetchall() == rows
        assert not any("[" in name for (name,) in rows)
