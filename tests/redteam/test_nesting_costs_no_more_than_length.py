"""Statements that a naive walk would look at once for each of 2^40 paths: the gateway answers, and others go on."""

from __future__ import annotations

import pytest

from support import start_gate, stop_gate

DEEP = 40


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("redteam"), "ai-agents")
    yield started
    stop_gate(started)


def test_a_function_within_a_function(gate):
    nested = "date_trunc('year', " * DEEP + "admitted" + ")" * DEEP
    with gate.connect() as agent:
        assert len(agent.execute(f"SELECT {nested} FROM encounter WHERE id = 3").fetchall()) == 1


def test_common_tables_within_a_recursion(gate):
    named = ["n0 AS NOT MATERIALIZED (SELECT ssn AS x FROM patient WHERE id = 3)"]
    named += [f"n{i + 1} AS MATERIALIZED (SELECT a.x || b.x AS x FROM n{i} a, n{i} b)" for i in range(DEEP)]
    with gate.connect() as agent:
        agent.execute(
            f"WITH RECURSIVE r AS (SELECT q.x FROM (WITH {', '.join(named)} SELECT x FROM n{DEEP} WHERE false) q"
            " UNION ALL SELECT x FROM r WHERE false) SELECT x FROM r"
        )


@pytest.fixture
def real_ssn(hospital):
    with hospital.direct() as direct:
        return direct.execute("SELECT ssn FROM patient WHERE id = 3").fetchone()[0]


def test_a_value_is_masked_through_every_one_of_them(gate, real_ssn):
    with gate.connect() as agent:
        agent.execute("CREATE TEMP VIEW w0 AS SELECT ssn AS x FROM patient WHERE id = 3")
        for i in range(5):
            agent.execute(f"CREATE TEMP VIEW w{i + 1} AS SELECT a.x FROM w{i} a, w{i} b")
        assert real_ssn not in str(agent.execute("SELECT x FROM w5").fetchall())
