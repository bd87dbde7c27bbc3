"""Whoever writes to a view writes to the table beneath it: that table is asked for, with its classes."""

from __future__ import annotations

import pytest

from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from redteam.test_no_attempt_leaks import REFUSALS
from support import start_gate, stop_gate, tried

MADE = f"""
CREATE VIEW person AS SELECT id, name AS called, active, mrn FROM patient;
CREATE VIEW living AS SELECT id, called, active FROM person WHERE active;
CREATE VIEW job AS SELECT id, title, done FROM task;
CREATE VIEW pile AS SELECT t.id, t.title FROM task t JOIN ward w ON w.id = t.id;
CREATE FUNCTION piled() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE public.task SET title = NEW.title WHERE id = NEW.id; RETURN NEW; END';
CREATE TRIGGER goes INSTEAD OF UPDATE ON pile FOR EACH ROW EXECUTE FUNCTION piled();
CREATE TABLE unseen (id int, v text); INSERT INTO unseen VALUES (1, 'x');
GRANT SELECT, INSERT, UPDATE, DELETE ON person, living, job, pile, unseen TO {ROLE};
"""
DROPPED = """
DROP VIEW IF EXISTS living, person, job, pile; DROP FUNCTION IF EXISTS piled(); DROP TABLE IF EXISTS unseen
"""
WRITES = """
@id("agents-write")
@title("An agent writes to views and to tasks")
permit (principal is Agent, action == Action::"sql.write", resource is Relation)
when {
  [
    Relation::"clinic/public.person", Relation::"clinic/public.living", Relation::"clinic/public.job",
    Relation::"clinic/public.pile", Relation::"clinic/public.task", Relation::"clinic/public.unseen"
  ].contains(resource)
};
"""


@pytest.fixture(scope="module")
def views(hospital, tmp_path_factory):
    hospital.superuser(DROPPED)
    hospital.superuser(MADE)
    started = start_gate(hospital, tmp_path_factory.mktemp("views"), "ai-agents")
    (started.assembly.policy.folder / "writes.cedar").write_text(WRITES)
    started.call(started.assembly.reload_policy(by="local:root"))
    yield started
    stop_gate(started)
    hospital.superuser(DROPPED)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE person SET active = true WHERE id = 3",
        "UPDATE living SET active = false WHERE id = 3",
        "DELETE FROM living WHERE id = 3",
        "INSERT INTO person (called, mrn) VALUES ('x', 'y')",
        "MERGE INTO person p USING task t ON p.id = t.id WHEN MATCHED THEN UPDATE SET active = true",
        "WITH w AS (UPDATE living SET active = false WHERE id = 3 RETURNING id) SELECT id FROM w",
    ],
)
def test_the_table_beneath_is_asked_for(views, statement):
    """The policy lets views be written, not the table: a person is asked for that."""
    assert tried(views, statement) == "LG001"


def test_a_view_of_ones_own_is_no_way_to_write_either(views, hospital):
    """What the session makes for itself is free to write; the table that it stands for is not."""
    before = hospital.superuser("SELECT count(*) FROM patient WHERE active")
    made = "CREATE TEMP VIEW v AS SELECT id, active FROM patient"
    assert tried(views, "UPDATE v SET active = false", made) in REFUSALS
    assert tried(views, "DELETE FROM v WHERE id = 3", made) in REFUSALS
    assert hospital.superuser("SELECT count(*) FROM patient WHERE active") == before


def test_a_masked_column_is_not_overwritten(views):
    assert tried(views, "UPDATE patient SET name = 'x' WHERE id = 3") == "LG002"
    assert tried(views, "UPDATE patient SET active = true WHERE id = 3") == "LG001"


def test_nor_through_a_view(views):
    assert tried(views, "UPDATE person SET called = 'x' WHERE id = 3") == "LG002"
    assert tried(views, "UPDATE living SET called = 'x' WHERE id = 3") == "LG002"


def test_nor_in_a_conflict_or_a_merge(views):
    conflict = "INSERT INTO patient (id, name) VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    assert tried(views, conflict) == "LG002"
    merge = "MERGE INTO patient p USING task t ON p.id = t.id WHEN MATCHED THEN UPDATE SET name = 'x'"
    assert tried(views, merge) == "LG002"


def test_nor_where_nobody_has_said_what_is_in_it(views):
    """Such a column is masked, so whoever overwrites it has not seen what was there."""
    assert tried(views, "UPDATE unseen SET v = 'x' WHERE id = 1") == "LG002"
    assert tried(views, "INSERT INTO unseen VALUES (2, 'y')") == ""


def test_a_class_is_not_written_through_a_view_to_a_column_without_it(views):
    assert tried(views, "UPDATE job SET title = (SELECT ssn FROM patient LIMIT 1) WHERE id = 1") == "LG002"
    assert tried(views, "INSERT INTO job (title) SELECT name FROM patient") == "LG002"


def test_what_a_trigger_writes_may_land_anywhere(views):
    assert tried(views, "UPDATE pile SET title = (SELECT ssn FROM patient LIMIT 1) WHERE id = 1") == "LG002"


def test_a_view_of_what_is_clean_is_written_as_before(views, hospital):
    assert tried(views, "UPDATE job SET done = done WHERE id = 1") == ""
    assert tried(views, "UPDATE pile SET title = title WHERE id = 1") == "LG001"
