"""`lockgate requests watch`: a line for each request that is new, and for each whose state changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.cli.watching import GONE, Watched
from lockgate.demo import hospital as hospital_data
from support import PASSWORD


def row(id, state="PENDING", at=0):
    return {"id": id, "state": state, "risk": "low", "sentence": f"about {id}", "created_at": at}


def told(changes):
    return [(one.id, one.before, one.state) for one in changes]


def test_at_first_it_says_what_waits_the_oldest_first_and_nothing_else():
    watched = Watched()
    changes = watched.look([], [row("c", at=3), row("b", "DENIED", 2), row("a", at=1)])
    assert told(changes) == [("a", "", "PENDING"), ("c", "", "PENDING")]
    assert watched.look([], [row("c", at=3), row("b", "DENIED", 2), row("a", at=1)]) == []


def test_then_whatever_is_new_or_has_changed():
    watched = Watched()
    watched.look([], [row("a")])
    assert told(watched.look([], [row("b", "APPROVED", 2), row("a", "DENIED")])) == [
        ("a", "PENDING", "DENIED"),
        ("b", "", "APPROVED"),
    ]


def test_what_waited_and_is_in_no_list_any_more_is_said_once():
    watched = Watched()
    watched.look([row("old")], [])
    assert told(watched.look([], [row("new", at=1)])) == [("new", "", "PENDING"), ("old", "PENDING", GONE)]
    assert watched.look([], [row("new", at=1)]) == []


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["PENDING", "APPROVED", "DENIED"]))))
def test_whoever_reads_every_line_knows_every_state(looks):
    watched, read = Watched(), {}
    for states in looks:
        for id, _, state in told(watched.look([], [row(id, state) for id, state in states.items()])):
            read[id] = state
        assert {id for id, state in states.items() if state == "PENDING"} == {
            id for id, state in read.items() if state == "PENDING"
        }


@pytest.fixture(scope="module")
def clinic(newcomer):
    newcomer.log_in("root")
    newcomer.says("catalog", "accept", "clinic", str(hospital_data.CATALOG))
    newcomer.says("user", "add", "paul", "--group", "privacy", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.says("user", "add", "ana", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.log_in("ana")
    newcomer.says("agent", "add", "bot")
    return newcomer


def hold(clinic):
    """Somebody asks for what is held, and does not wait; the request's id."""
    url = clinic.says("token", "clinic", "--agent", "bot", "--gateway", f"localhost:{clinic.postgres}")
    with psycopg.connect(url.strip(), autocommit=True) as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error) as held:
            agent.execute("UPDATE task SET done = true WHERE id = 5")
    return json.loads(held.value.diag.message_detail)["request"]


def test_a_request_appears_and_its_end_too(clinic):
    command = (sys.executable, "-m", "lockgate", "requests", "watch", "--every", "0.2", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clinic.environment) as watching:
        request = hold(clinic)
        first = json.loads(watching.stdout.readline())
        assert (first["id"], first["state"]) == (request, "PENDING")
        assert "task" in first["sentence"]
        clinic.says("requests", "withdraw", request)
        assert json.loads(watching.stdout.readline())["state"] == "CANCELLED"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0


def test_once_says_what_waits_and_ends(clinic):
    request = hold(clinic)
    lines = clinic.says("requests", "watch", "--once").splitlines()
    assert [line for line in lines if request in line and "PENDING" in line]
    clinic.says("requests", "withdraw", request)
    assert request not in clinic.says("requests", "watch", "--once")


def test_without_a_session_it_ends_and_says_what_to_do(newcomer, tmp_path):
    newcomer_of_nothing = type(newcomer)(tmp_path, (0, 0))
    assert "lockgate login" in newcomer_of_nothing.fails("requests", "watch")
