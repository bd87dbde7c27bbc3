"""Edits, batches and standing grants with the real command, server and psql, from asking to what PostgreSQL did."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.demo import hospital as hospital_data
from support import PASSWORD

DONE = "UPDATE task SET done = true WHERE id = {}"


@pytest.fixture(scope="module")
def clinic(newcomer):
    """ana owns the agent bot; paul and pia decide."""
    newcomer.log_in("root")
    newcomer.says("catalog", "accept", "clinic", str(hospital_data.CATALOG))
    for name in ("paul", "pia"):
        newcomer.says("user", "add", name, "--group", "privacy", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.says("user", "add", "ana", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.log_in("ana")
    newcomer.says("agent", "add", "bot")
    shutil.copytree(newcomer.home / "config", newcomer.home / "of-ana")  # her session goes on while others log in
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "lockgate", "connect", "clinic", "--agent", "bot"),
            *("--folder", str(newcomer.home / "s"), "--gateway", f"localhost:{newcomer.postgres}"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**newcomer.environment, "XDG_CONFIG_HOME": str(newcomer.home / "of-ana"), "PYTHONUNBUFFERED": "1"},
    ) as tunnel:
        assert "psql -h" in tunnel.stdout.readline()
        yield newcomer
        tunnel.terminate()


@pytest.fixture
def psql(clinic, hospital):
    """`psql(statement)` as the agent, through a socket that ana opened; waits for nobody."""

    def run(statement: str) -> subprocess.CompletedProcess[str]:
        words = [str(hospital.server.bin / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        words += ["-c", "SET lockgate.hold = 'fail'", "-c", statement, "-h", str(clinic.home / "s"), "clinic"]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(autouse=True)
def nothing_done(hospital):
    hospital.superuser("UPDATE task SET done = false")


def done(hospital) -> str:
    return hospital.superuser("SELECT string_agg(id::text, ',' ORDER BY id) FROM task WHERE done").strip()


def file(clinic, name: str, text: str) -> str:
    (clinic.home / name).write_text(text + "\n")
    return name


def test_an_edited_statement_runs_in_place_of_what_was_asked(clinic, psql, hospital):
    asked = psql("UPDATE task SET done = true")
    assert "waiting for approval: request req_" in asked.stderr
    clinic.log_in("paul")
    parent = json.loads(clinic.says("requests", "list", "--json"))[0]["id"]
    narrower = file(clinic, "narrower.sql", DONE.format(3))
    edited = json.loads(clinic.says("requests", "edit", parent, "-f", narrower, "-r", "only this one", "--json"))
    child = edited["request"]
    assert json.loads(clinic.says("requests", "show", parent, "--json"))["state"] == "SUPERSEDED"
    assert "you edited it" in clinic.fails("requests", "approve", child, "-y")
    clinic.log_in("pia")
    screen = clinic.says("requests", "show", child)
    assert "SET done = true WHERE id =" in screen
    assert "waits for: privacy; 7 h 59 min left" in screen, "the first screen says who and until when"
    clinic.says("requests", "approve", child, "-y")
    assert psql(DONE.format(3)).returncode == 0
    assert done(hospital) == "3"
    assert "waiting" in psql("UPDATE task SET done = true").stderr, "what was edited away needs an approval of its own"
    clinic.log_in("ana")
    clinic.says("requests", "withdraw", json.loads(clinic.says("requests", "list", "--json"))[0]["id"])


def test_a_batch_is_decided_item_by_item_on_one_screen(clinic, psql, hospital):
    clinic.log_in("ana")
    files = [file(clinic, f"{n}.sql", DONE.format(n)) for n in (4, 5, 6)]
    made = json.loads(clinic.says("requests", "batch", "propose", *files, "-c", "clinic", "--agent", "bot", "--json"))
    first, second, third = [item["request"] for item in made["items"]]
    assert (
        "you may not approve this"
        in clinic.lockgate("requests", "batch", "vote", made["batch"], "--approve", first, "-y").out
    )
    clinic.log_in("pia")
    screen = clinic.says("requests", "batch", "show", made["batch"])
    assert all(f"{n} of 3: {name}" in screen for n, name in ((1, first), (2, second), (3, third)))
    clinic.says(
        "requests", "batch", "vote", made["batch"], "--approve", first, "--deny", second, "-r", "twice as many", "-y"
    )
    assert psql(DONE.format(4)).returncode == 0
    assert "denied exactly this" in psql(DONE.format(5)).stderr
    assert "waiting" in psql(DONE.format(6)).stderr
    assert done(hospital) == "4"
    clinic.log_in("ana")
    clinic.says("requests", "withdraw", third)


def test_a_standing_grant_lets_what_fits_run_and_counts(clinic, psql, hospital):
    clinic.log_in("ana")
    example = file(clinic, "example.sql", DONE.format(7))
    words = ("standing", "propose", "-f", example, "-c", "clinic", "--agent", "bot", "--uses", "2", "--for", "1h")
    grant = json.loads(clinic.says(*words, "--json"))["request"]
    clinic.log_in("paul")
    shown = clinic.says("standing", "show", grant)
    for told in (
        "a standing pass: 2 uses within 60 minutes",
        "only for: local:bot",
        "sql.write on clinic/public.task",
        "uses left: 2 of 2",
        "may be revoked by: local:ana, local:bot, group:privacy",
    ):
        assert told in shown
    clinic.says("requests", "approve", grant, "-y")
    for number in (8, 9):
        ran = psql(DONE.format(number))
        assert ran.returncode == 0, ran.stderr
    assert "waiting for approval" in psql(DONE.format(10)).stderr, "two uses, not three"
    assert done(hospital) == "8,9"
    clinic.log_in("root")
    used = json.loads(clinic.says("standing", "show", grant, "--json"))
    assert (used["uses"], used["max_uses"], used["state"]) == (2, 2, "APPROVED")
    waiting = json.loads(clinic.says("requests", "list", "--json"))
    clinic.log_in("ana")
    for request in waiting:
        clinic.says("requests", "withdraw", request["id"])


@pytest.mark.parametrize(("who", "state"), [("ana", "REVOKED"), ("pia", "REVOKED")])
def test_a_standing_grant_is_revoked_by_either_side(clinic, psql, hospital, who, state):
    clinic.log_in("ana")
    example = file(clinic, "insert.sql", "INSERT INTO task (title) VALUES ('nightly')")
    words = ("standing", "propose", "-f", example, "-c", "clinic", "--agent", "bot", "--uses", "5", "--for", "1h")
    grant = json.loads(clinic.says(*words, "--json"))["request"]
    clinic.log_in("paul")
    clinic.says("requests", "approve", grant, "-y")
    assert grant in clinic.says("standing", "list")
    clinic.log_in(who)
    assert state in clinic.says("standing", "revoke", grant, "-r", "the job is done")
    assert "No standing grant." in clinic.says("standing", "list") or grant not in clinic.says("standing", "list")
    assert "waiting for approval" in psql(f"UPDATE task SET title = 'x' WHERE id = {len(who)}").stderr
    clinic.log_in("ana")
    clinic.says("requests", "withdraw", json.loads(clinic.says("requests", "list", "--json"))[0]["id"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("requests", "edit", "req_none", "-f", "example.sql"), "no such request"),
        (("requests", "edit", "req_none", "-f", "nowhere.sql"), "cannot be read as text"),
        (("requests", "batch", "show", "batch_none"), "no such batch"),
        (("requests", "batch", "vote", "batch_none"), "what is not named is not decided"),
        (("requests", "batch", "propose", "example.sql", "-c", "clinc"), "no such connection\n  clinic"),
        (("standing", "show", "req_none"), "no such standing grant"),
        (("standing", "propose", "-f", "example.sql", "-c", "clinic", "--uses", "2", "--for", "9h"), "eight hours"),
        (("standing", "propose", "-f", "select.sql", "-c", "clinic", "--agent", "bot", "--uses", "2", "--for", "1h"),
         "needs nobody's approval"),
        (("standing", "propose", "-f", "example.sql", "-c", "clinic", "--agent", "other", "--uses", "2", "--for", "1h"),
         "an agent of yours"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_words(clinic, words, says):
    file(clinic, "example.sql", DONE.format(7))
    file(clinic, "select.sql", "SELECT count(*) FROM task")
    clinic.log_in("ana")
    assert says in clinic.fails(*words)


def test_what_recurs_becomes_policy_until_it_is_revoked(clinic, psql, hospital):
    assert "waiting" in psql(DONE.format(14)).stderr
    clinic.log_in("paul")
    request = json.loads(clinic.says("requests", "list", "--json"))[0]["id"]
    clinic.says("requests", "approve", request, "-y")
    assert psql(DONE.format(14)).returncode == 0
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    permit = json.loads(clinic.says("policy", "allow", request, "--until", until, "--json"))["request"]
    assert "you edited it" in clinic.fails("requests", "approve", permit, "-y")
    clinic.log_in("pia")
    shown = clinic.says("requests", "show", permit)
    assert f"up to and with: {until} (UTC)" in shown and 'principal == Agent::"local:bot"' in shown
    clinic.says("requests", "approve", permit, "-y")
    assert permit in clinic.says("policy", "allowed")
    assert psql(DONE.format(15)).returncode == 0
    assert done(hospital) == "14,15"
    clinic.says("policy", "revoke", permit, "-r", "the job is done")
    assert "No permit." in clinic.says("policy", "allowed")
    assert "waiting" in psql(DONE.format(16)).stderr
