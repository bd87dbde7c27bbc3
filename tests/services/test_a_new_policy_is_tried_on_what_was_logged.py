"""`policy replay`: the last logged actions under a policy that is not in force; what the log does not say is unsure."""

from __future__ import annotations

import json
import shutil

import psycopg
import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.services.backup import copy_database

run = CliRunner()
EXPORT = "COPY (SELECT id, name FROM patient) TO STDOUT"
NO_EXPORTS = '\n@id("no-exports")\nforbid (principal, action == Action::"sql.export", resource);\n'


@pytest.fixture
def logged(gate, tmp_path):
    """A masked read, a held export and a refused drop; and a copy of the policies to change."""
    with gate.connect() as agent:
        agent.execute("SELECT count(*) FROM ward")
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error), agent.cursor().copy(EXPORT):
            pass
        with pytest.raises(psycopg.Error):
            agent.execute("DROP TABLE task")
    shutil.copytree(gate.state / "policies", tmp_path / "new")
    return gate


def replayed(gate, folder):
    store = str(gate.state / "lockgate.db")
    done = run.invoke(app, ["policy", "replay", store, "--folder", str(folder), "--json"])
    return done.exit_code, json.loads(done.output)


def test_the_same_policy_changes_nothing(logged, tmp_path):
    status, found = replayed(logged, tmp_path / "new")
    assert status == 0
    assert {one["verdict"] for one in found} <= {"same", "unsure"}
    assert [one["verdict"] for one in found if "sql.export clinic/public.patient" in one["questions"]] == ["same"]


def test_a_stricter_policy_says_what_would_have_been_refused(logged, tmp_path):
    (tmp_path / "new" / "stricter.cedar").write_text(NO_EXPORTS)
    status, found = replayed(logged, tmp_path / "new")
    assert status == 1
    (changed,) = [one for one in found if one["verdict"] == "changed"]
    assert "sql.export clinic/public.patient" in changed["questions"]
    assert changed["before"].startswith("require") and changed["after"] == "deny"
    spoken = run.invoke(
        app, ["policy", "replay", str(logged.state / "lockgate.db"), "--folder", str(tmp_path / "new"), "--last", "50"]
    )
    assert "would get deny" in spoken.output and "1 changed" in spoken.output


def test_nothing_is_written_and_nobody_is_asked(logged, tmp_path):
    (tmp_path / "new" / "stricter.cedar").write_text(NO_EXPORTS)
    copy_database(logged.state / "lockgate.db", tmp_path / "copy.db")
    before, in_force = (tmp_path / "copy.db").read_bytes(), logged.assembly.policy.current.digest
    done = run.invoke(app, ["policy", "replay", str(tmp_path / "copy.db"), "--folder", str(tmp_path / "new")])
    assert done.exit_code == 1, done.output
    assert (tmp_path / "copy.db").read_bytes() == before
    assert logged.assembly.policy.current.digest == in_force


def test_an_action_whose_policy_is_not_kept_is_unsure_and_not_guessed(logged, tmp_path):
    def forget(conn):
        conn.exec_driver_sql("DELETE FROM policy_versions")
        return None, []

    logged.call(logged.assembly.store.transact(forget))
    _, found = replayed(logged, tmp_path / "new")
    assert {one["verdict"] for one in found} == {"unsure"}
    assert {one["why"] for one in found} == {"the policy of its time is not kept"}


def with_forbid(folder, condition):
    (folder / "mine.cedar").write_text(f'@id("mine")\nforbid (principal, action, resource) when {{ {condition} }};\n')


def verdicts(found):
    return {one["verdict"] for one in found}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("context.hour < 24 && context.today > 20200101", {"changed"}),
        ("context.today == 0", {"same"}),
        ('context has address && context.address.isInRange(ip("127.0.0.0/8"))', {"changed"}),
        ('context.purpose == "treatment"', {"same"}),
        ('context.auth == "login"', {"changed"}),
        ('context.auth == "key" || !context.lookups.isEmpty()', {"same"}),
        ("context.rows == 0 && context.row_cap > 0", {"same"}),
    ],
)
def test_a_new_policy_reads_what_was_so_then(logged, tmp_path, condition, expected):
    with_forbid(tmp_path / "new", condition)
    found = [one for one in replayed(logged, tmp_path / "new")[1] if not one["before"].startswith("deny")]
    assert verdicts(found) == expected


def test_a_new_policy_that_reads_what_is_not_logged_is_unsure(logged, tmp_path):
    with_forbid(tmp_path / "new", 'context.statement == "x"')
    status, found = replayed(logged, tmp_path / "new")
    assert (status, verdicts(found)) == (0, {"unsure"})
    assert {one["why"] for one in found} == {"the new policy reads what the log does not say: statement"}
