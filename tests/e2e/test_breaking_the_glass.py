"""Emergency access: at once for who may, logged, due for review; never over a forbid, never for agents."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.action import Kind, Principal, Requester
from lockgate.services.approvals import Refusal, Voter
from support import start_gate, stop_gate


@pytest.fixture
def gate(hospital, tmp_path):
    started = start_gate(hospital, tmp_path, "break-glass")
    yield started
    stop_gate(started)


def break_it(gate, person: str, classes: set[str], *, step_up: str | None = "password"):
    known = {p.id: p for p in gate.call(gate.assembly.accounts.everybody())}
    groups = frozenset(known[f"local:{person}"].groups)
    return gate.call(
        gate.assembly.approvals.break_glass(
            Requester(Principal("local", person, Kind.HUMAN, groups), f"login:local:{person}", "127.0.0.1"),
            voter=Voter(f"local:{person}", interactive=True, token_has_act=False, step_up=step_up),
            connection="clinic",
            classes=frozenset(classes),
            reason="cardiac arrest on ward four",
        )
    )


def test_who_may_sees_what_they_named_at_once_and_it_is_due_for_review(gate, hospital):
    with hospital.direct() as direct:
        real = direct.execute("SELECT name, phone FROM patient WHERE id = 3").fetchone()
    with gate.connect("eva") as eva:
        eva.execute("SET lockgate.hold = 'fail'")
        eva.execute("SET lockgate.reveal = 'name'")
        with pytest.raises(psycopg.Error):
            eva.execute("SELECT name FROM patient WHERE id = 3")
        glass = break_it(gate, "eva", {"name"})
        assert not isinstance(glass, Refusal), glass
        shown = eva.execute("SELECT name, phone FROM patient WHERE id = 3").fetchone()
    assert shown[0] == real[0]
    assert shown[1] != real[1], "what was not named stays masked"
    assert {"break_glass", "review.due"} <= {event["type"] for event in gate.events()}


def test_it_takes_the_group_a_fresh_proof_and_never_opens_a_forbid(gate):
    assert isinstance(break_it(gate, "alf", {"name"}), Refusal)
    assert isinstance(break_it(gate, "eva", {"name"}, step_up=None), Refusal)
    break_it(gate, "eva", {"name"})
    with gate.connect("eva") as eva, pytest.raises(psycopg.Error) as forbidden:
        eva.execute("DROP TABLE task")
    assert forbidden.value.sqlstate == "LG002"
