"""What was done behind broken glass comes to the inbox of two others, who say whether it was justified."""

from __future__ import annotations

import pytest

from browsing import text_of
from lockgate.action import Kind, Principal, Requester
from lockgate.services.approvals import Voter
from support import start_gate, stop_gate


@pytest.fixture
def gate(hospital, tmp_path):
    started = start_gate(hospital, tmp_path, "break-glass")
    yield started
    stop_gate(started)


def test_two_others_review_it(console, gate):
    eva = Requester(
        Principal("local", "eva", Kind.HUMAN, frozenset({"analysts", "break-glass"})), "login:local:eva", "127.0.0.1"
    )
    approvals = gate.assembly.approvals
    glass = gate.call(
        approvals.break_glass(
            eva,
            voter=Voter("local:eva", interactive=True, token_has_act=False, step_up="password"),
            connection="clinic",
            classes=frozenset({"name"}),
            reason="cardiac arrest on ward four",
        )
    )
    with gate.connect("eva") as session:
        session.execute("SET lockgate.reveal = 'name'")
        assert session.execute("SELECT name FROM patient WHERE id = 3").fetchone()
    gate.call(approvals.close_glass(glass.request_id, by="local:eva"))
    place = f"/console/requests/{glass.request_id}"

    own = console.browser("eva")
    assert "Nothing waits for your decision" in text_of(own.page("/console/"))
    assert "1 of yours waits" in text_of(own.page("/console/waiting"))
    assert set(own.forms(place)) == {"/console/logout"}
    for number, person in enumerate(("rita", "paul")):
        browser = console.browser(person)
        assert "1 request waits for your decision" in text_of(browser.page("/console/"))
        page = browser.page(place)
        assert ">Justified</button>" in page
        assert ">Not justified</button>" in page
        assert "To be reviewed by" in text_of(page)
        assert "their reason, unverified: cardiac arrest on ward four" in text_of(page)
        assert browser.decide(glass.request_id, "approve", words="it was the ward on call").status_code == 303
        after = text_of(browser.page(place))
        assert f"{person} found it justified: it was the ward on call" in after
        assert ("You have reviewed this already." if number == 0 else "It is over: reviewed: justified.") in after
        assert "Nothing waits for your decision" in text_of(browser.page("/console/"))
