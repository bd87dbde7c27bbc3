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
@pytest.mark.parametrize("do", [*SEARCHES.values(), *WRITES.values()], ids=[*SEARCHES, *WRITES])
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


def test_a_table_made_from_clean_columns_stays_useful(gate):
    with gate.connect() as agent:
        agent.execute("CREATE TEMP TABLE w AS SELECT id, name FROM ward")
        rows = agent.execute("SELECT name FROM w ORDER BY id").fetchall()
        with pytest.raises(psycopg.Error):
            agent.execute("SELECT no_such_column FROM w")
        assert agent.execute("SELECT name FROM w ORDER BY id").fetchall() == rows
        assert not any("[" in name for (name,) in rows)
