"""Rows of a table are also those of whatever inherits from it: they are judged by what is said of them there."""

from __future__ import annotations

import pytest

from lockgate.demo.hospital import CATALOG
from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from redteam.test_no_attempt_leaks import REFUSALS, attempt, gate, secrets
from support import start_gate, stop_gate, tried

__all__ = ["gate", "secrets"]

SOME = "SELECT ssn FROM patient ORDER BY id LIMIT 3"
PARENT = "CREATE TEMP TABLE t AS SELECT 'x'::text AS v"

TEMPORARY = {
    "child": [PARENT, "CREATE TEMP TABLE t2 () INHERITS (t)", f"INSERT INTO t2 {SOME}", "SELECT v FROM t"],
    "grandchild": [
        PARENT,
        "CREATE TEMP TABLE t2 () INHERITS (t)",
        "CREATE TEMP TABLE t3 () INHERITS (t2)",
        f"INSERT INTO t3 {SOME}",
        "SELECT v FROM t",
        "SELECT t FROM t",
    ],
    "update-through-the-parent": [
        PARENT,
        "CREATE TEMP TABLE t2 () INHERITS (t)",
        "INSERT INTO t2 VALUES ('x')",
        f"UPDATE t SET v = ({SOME.replace('3', '1')})",
        "SELECT v FROM t",
        "SELECT v FROM t2",
    ],
    "prepared-before": [
        PARENT,
        "PREPARE q AS SELECT v FROM t",
        "EXECUTE q",
        "CREATE TEMP TABLE t2 () INHERITS (t)",
        f"INSERT INTO t2 {SOME}",
        "EXECUTE q",
    ],
    "through-a-view": [
        PARENT,
        "CREATE TEMP TABLE t2 () INHERITS (t)",
        "CREATE TEMP VIEW w AS SELECT v FROM t",
        f"INSERT INTO t2 {SOME}",
        "SELECT v FROM w",
    ],
    "made-an-heir-afterwards": [
        PARENT,
        "CREATE TEMP TABLE t2 (v text)",
        f"INSERT INTO t2 {SOME}",
        "ALTER TABLE t2 INHERIT t",
        "SELECT v FROM t",
    ],
    "partition": [
        "CREATE TEMP TABLE t (v text) PARTITION BY LIST (v)",
        "CREATE TEMP TABLE t2 PARTITION OF t DEFAULT",
        f"INSERT INTO t2 {SOME}",
        "SELECT v FROM t",
    ],
}

MADE = f"""
CREATE TABLE event (id int, what text); INSERT INTO event VALUES (1, 'fire drill');
CREATE TABLE visit_event (who text) INHERITS (event);
INSERT INTO visit_event SELECT 2, name, ssn FROM patient LIMIT 3;
CREATE TABLE reading (day date, what text) PARTITION BY RANGE (day);
CREATE TABLE reading_1 PARTITION OF reading FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE reading_2 PARTITION OF reading FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO reading VALUES ('2026-01-05', 'fridge 4.1'), ('2026-02-05', 'fridge 4.2');
GRANT SELECT, INSERT, UPDATE ON event, visit_event, reading, reading_1, reading_2 TO {ROLE};
"""
DROPPED = "DROP TABLE IF EXISTS visit_event, event, reading"
MAP = """
public.event: {id: none, what: none}
public.visit_event: {id: none, what: name, who: ssn}
public.reading: {day: none, what: none}
public.reading_1: {day: none, what: none}
"""


@pytest.fixture(scope="module")
def heirs(hospital, tmp_path_factory):
    hospital.superuser(DROPPED)
    hospital.superuser(MADE)
    started = start_gate(hospital, tmp_path_factory.mktemp("heirs"), "ai-agents")
    started.call(started.assembly.maps.accept("clinic", CATALOG.read_text() + MAP, by="local:root"))
    yield started
    stop_gate(started)
    hospital.superuser(DROPPED)


def answered(gate, sql):
    with gate.connect() as agent:
        return [row[0] for row in agent.execute(sql)]


@pytest.mark.parametrize("way", ["simple", "text", "binary"])
@pytest.mark.parametrize("do", TEMPORARY.values(), ids=list(TEMPORARY))
def test_a_temporary_heir_shows_nothing_through_its_parent(gate, secrets, do, way):
    everything = "\n".join(attempt(gate, do, way).text)
    assert not [value for value in secrets if value in everything]


def test_a_column_carries_what_is_said_of_it_further_down(heirs, secrets):
    shown = answered(heirs, "SELECT what FROM event")
    assert not secrets & set(shown)
    assert not [value for row in answered(heirs, "SELECT event FROM event") for value in secrets if value in str(row)]
    assert answered(heirs, "SELECT what FROM ONLY event") == ["fire drill"]
    assert set(answered(heirs, "SELECT id FROM event")) == {1, 2}


def test_searching_the_parent_searches_the_heirs(heirs):
    assert tried(heirs, "SELECT id FROM event WHERE what = 'Maria Silva'") in REFUSALS
    assert tried(heirs, "SELECT id FROM ONLY event WHERE what = 'fire drill'") == ""


def test_a_class_is_not_written_to_an_heir_that_lacks_it(heirs):
    """An UPDATE of the parent changes the rows of all: `what` may hold names in one, and nothing in the other."""
    assert tried(heirs, "UPDATE event SET what = (SELECT name FROM patient LIMIT 1)") == "LG002"
    assert tried(heirs, "INSERT INTO reading SELECT '2026-01-01', name FROM patient") == "LG002"


def test_a_new_partition_is_a_part_of_its_table(heirs, hospital):
    """A table that gets a partition each day is not masked each day; the partition by itself is still unreviewed."""
    assert answered(heirs, "SELECT what FROM reading ORDER BY 1") == ["fridge 4.1", "fridge 4.2"]
    assert answered(heirs, "SELECT what FROM reading_1") == ["fridge 4.1"]
    assert answered(heirs, "SELECT what FROM reading_2") == ["[UNCLASSIFIED]"]


def test_a_table_is_not_made_a_partition_through_the_gate(heirs):
    attached = "ALTER TABLE reading ATTACH PARTITION task FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')"
    assert tried(heirs, attached) == "LG002"
