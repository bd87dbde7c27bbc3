"""Whatever way an UPDATE, INSERT or MERGE has to say what a column becomes, the class of it lands there."""

from __future__ import annotations

import pytest

from support import start_gate, stop_gate, tried


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("assigned"), "ai-agents")
    yield started
    stop_gate(started)


MADE = "CREATE TEMP TABLE t AS SELECT id, 'x'::text AS b, 'y'::text AS c FROM ward"
SSN = "SELECT ssn FROM patient LIMIT 1"

LANDS = {
    "set": f"UPDATE t SET b = ({SSN})",
    "set-row": "UPDATE t SET (id, b) = (SELECT id, ssn FROM patient LIMIT 1)",
    "set-row-swapped": "UPDATE t SET (b, id) = (SELECT ssn, id FROM patient LIMIT 1)",
    "set-row-constructor": f"UPDATE t SET (id, b) = ROW (1, ({SSN}))",
    "set-two-rows": f"UPDATE t SET (id, b) = (SELECT 1, 'z'), (c) = ({SSN})",
    "set-row-in-cte": "WITH w AS (UPDATE t SET (id, b) = (SELECT id, ssn FROM patient LIMIT 1) RETURNING 1) TABLE w",
    "insert": f"INSERT INTO t (b) {SSN}",
    "insert-values": f"INSERT INTO t (b) VALUES (({SSN}))",
    "merge": "MERGE INTO t USING patient p ON t.id = -p.id WHEN NOT MATCHED THEN INSERT (b) VALUES (p.ssn)",
    "merge-set-row": "MERGE INTO t USING (SELECT 1) s ON true WHEN MATCHED THEN"
    " UPDATE SET (id, b) = (SELECT id, ssn FROM patient LIMIT 1)",
}

STAYS = {
    "set-row": "UPDATE t SET (id, b) = (SELECT id, name FROM ward WHERE ward.id = t.id)",
    "set-two-rows": "UPDATE t SET (id, b) = (SELECT 1, 'z'), (c) = (SELECT name FROM ward LIMIT 1)",
    "merge-set-row": "MERGE INTO t USING (SELECT 1) s ON true WHEN MATCHED THEN"
    " UPDATE SET (id, b) = (SELECT id, name FROM ward LIMIT 1)",
}


@pytest.mark.parametrize("statement", LANDS.values(), ids=list(LANDS))
def test_a_class_does_not_land_where_it_would_count_as_none(gate, statement):
    assert tried(gate, statement, MADE) == "LG002"


@pytest.mark.parametrize("statement", STAYS.values(), ids=list(STAYS))
def test_what_carries_none_is_assigned(gate, statement):
    assert tried(gate, statement, MADE) == ""
