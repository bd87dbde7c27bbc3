"""The story: an agent asks over SQL, a reviewer sees it in the console and decides, the agent gets its answer."""

from __future__ import annotations

import psycopg
import pytest

from browsing import text_of
from lockgate.audit import check_tlog_proof


def test_an_agent_asks_rita_approves_and_the_agent_gets_its_rows(console):
    running, request = console.ask()
    rita = console.browser("rita")
    inbox = rita.page("/console/")
    assert request.sentence in text_of(inbox)
    assert f"/console/requests/{request.id}" in inbox

    page = text_of(rita.page(f"/console/requests/{request.id}"))
    assert "UPDATE task SET done = true" in page
    assert request.view_digest in page
    assert request.action_digest in page

    answer = rita.decide(request.id, "approve", reason="part of planned work", words="see the plan")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console/requests/{request.id}"
    assert running.result() == 1

    console.gate.outcome(request.id)
    after = text_of(rita.page(f"/console/requests/{request.id}"))
    assert "rita approved: part of planned work; see the plan" in after
    assert "The single-use pass was taken" in after
    assert "Ended: done, 0 rows went out" in after
    assert "Nothing waits for your decision" in text_of(rita.page("/console/"))
    assert request.sentence in text_of(rita.page("/console/all"))


def test_a_deny_tells_the_agent_why(console):
    running, request = console.ask()
    rita = console.browser("rita")
    assert rita.decide(request.id, "deny", words="not on a friday").status_code == 303
    with pytest.raises(psycopg.Error, match="not on a friday"):
        running.result()
    assert "rita denied: not on a friday" in text_of(rita.page(f"/console/requests/{request.id}"))


def test_an_approval_that_is_not_used_can_be_taken_back(console):
    with console.gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error):
            agent.execute("UPDATE task SET done = true WHERE id = 3")
    (request,) = console.gate.pending()
    rita = console.browser("rita")
    assert rita.decide(request.id, "approve").status_code == 303
    page = rita.page(f"/console/requests/{request.id}")
    assert "It is approved already." in text_of(page)
    assert ">Take it back</button>" in page
    assert rita.decide(request.id, "deny", words="on second thoughts").status_code == 303
    assert "taken back" in text_of(rita.page(f"/console/requests/{request.id}"))


def test_who_asked_sees_where_it_stands_and_withdraws_it(console):
    running, request = console.ask()
    ana = console.browser("ana")
    assert "1 of yours waits" in text_of(ana.page("/console/waiting"))
    assert "Nothing waits for your decision" in text_of(ana.page("/console/"))
    page = text_of(ana.page(f"/console/requests/{request.id}"))
    assert "Now it is the turn of privacy" in page
    assert "You may not approve this, because" in page
    assert "you own an agent or service in it" in page
    forms = ana.forms(f"/console/requests/{request.id}")
    assert set(forms) == {"/console/logout", f"/console/requests/{request.id}/withdraw"}
    assert ana.decide(request.id, "withdraw").status_code == 303
    with pytest.raises(psycopg.Error):
        running.result()
    assert "cancelled" in text_of(ana.page(f"/console/requests/{request.id}"))
    assert "None of your requests waits" in text_of(ana.page("/console/waiting"))


def test_two_people_in_two_sessions_decide_in_their_turns(console, hospital):
    """A grant takes one of privacy, then one of data-owner; neither session has anything of the other."""

    def grant():
        with console.gate.connect() as agent:
            return agent.execute("GRANT SELECT ON task TO reporting").statusmessage

    running = console.gate.in_background(grant)
    request = console.gate.wait_pending()
    place = f"/console/requests/{request.id}"
    rita, dora = console.browser("rita"), console.browser("dora")
    assert "Nothing waits for your decision" in text_of(dora.page("/console/"))
    early = text_of(dora.page(place))
    assert "It is not your turn: somebody of privacy decides first." in early
    assert f"{place}/approve" not in dora.forms(place)
    assert f"{place}/deny" in dora.forms(place)

    assert rita.decide(request.id, "approve").status_code == 303
    again = text_of(rita.page(place))
    assert "You have voted on this already." in again
    assert "Now it is the turn of data-owner" in again
    assert "1 request waits for your decision" in text_of(dora.page("/console/"))
    assert dora.decide(request.id, "approve").status_code == 303
    assert running.result() == "GRANT"
    decided = console.gate.call(console.gate.assembly.approvals.get(request.id)).votes
    assert [vote.person for vote in decided] == ["local:rita", "local:dora"]
    hospital.superuser("REVOKE SELECT ON task FROM reporting")


def test_everything_of_the_stored_view_is_on_the_page(console):
    """A person votes on what was stored: each line of it, and each of its facts."""
    running, request = console.ask()
    page = text_of(console.browser("rita").page(f"/console/requests/{request.id}"))
    assert len(request.lines) > 10
    for line in request.lines:
        assert " ".join(line.split()) in page
    body = request.view
    for key in ("sentence", "risk", "statement", "destination", "on_approve", "on_deny", "connection", "upstream"):
        assert " ".join(str(body[key]).split()) in page, key
    for key in ("new", "flags", "does", "asks", "parameters", "shown_unmasked", "masked"):
        assert all(item in page for item in body[key]), key
    console.gate.vote(request, "rita", approve=False)
    with pytest.raises(psycopg.Error):
        running.result()


def test_each_event_of_the_timeline_has_a_receipt(console):
    running, request = console.ask()
    rita = console.browser("rita")
    rita.decide(request.id, "approve")
    assert running.result() == 1
    page = rita.page(f"/console/requests/{request.id}")
    (event,) = console.gate.events("vote")
    assert f'href="/console/receipts/{event["id"]}"' in page
    receipt = rita.get(f"/console/receipts/{event['id']}")
    assert receipt.headers["content-disposition"] == f'attachment; filename="{event["id"]}.tlog-proof"'
    checked = check_tlog_proof(receipt.text, [console.gate.assembly.log.signer.verifier])
    assert checked.event.decode() == event["leaf"]
    assert rita.get("/console/receipts/evt_nothing").status_code == 409
