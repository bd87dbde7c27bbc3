"""What somebody may not decide says why and what to do, before they try and when they do."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

import lockgate
from browsing import text_of
from lockgate.approvals import conflict
from lockgate.server.console import words
from lockgate.services.approvals import Refusal, Voter
from lockgate.store.tables import approvals as t


@pytest.fixture
def held(console):
    running, request = console.ask()
    yield request
    view = console.gate.call(console.gate.assembly.approvals.get(request.id))
    if view.state == "PENDING":
        console.gate.vote(request, "rita", approve=False)
    with pytest.raises(psycopg.Error):
        running.result()


def place(request, what=""):
    return f"/console/requests/{request.id}" + (f"/{what}" if what else "")


def bound(browser, request):
    """The fields of a vote, made with this session's own form token where its page has no form for one."""
    csrf = browser.forms("/console/")["/console/logout"]["csrf"]
    return {"csrf": csrf, "action_digest": request.action_digest, "view_digest": request.view_digest}


def state(console, request):
    return console.gate.call(console.gate.assembly.approvals.get(request.id)).state


@pytest.mark.parametrize(
    ("person", "why", "advice"),
    [
        ("ana", "You may not approve this, because you", "Somebody else has to decide"),
        ("alf", "You are in none of the groups that decide this.", "Nothing to do for you here"),
        ("root", "You are in none of the groups that decide this.", "Nothing to do for you here"),
    ],
)
def test_there_is_no_form_and_a_made_up_one_is_refused(console, held, person, why, advice):
    browser = console.browser(person)
    page = text_of(browser.page(place(held)))
    assert why in page
    assert advice in page
    for what in ("approve", "deny"):
        assert place(held, what) not in browser.forms(place(held))
        answer = browser.post(place(held, what), bound(browser, held) | {"words": "because"})
        assert answer.status_code == 409
        assert f"Nothing was changed. {why}" in text_of(answer.text)
        assert advice in text_of(answer.text)
    assert state(console, held) == "PENDING"


@pytest.mark.parametrize("digest", ["action_digest", "view_digest"])
@pytest.mark.parametrize("sent", ["0" * 64, "", None])
def test_a_vote_on_something_else_than_what_was_shown_does_not_count(console, held, digest, sent):
    rita = console.browser("rita")
    fields = rita.forms(place(held))[place(held, "approve")]
    if sent is None:
        del fields[digest]
    else:
        fields[digest] = sent
    answer = rita.post(place(held, "approve"), fields)
    assert answer.status_code == 409
    assert "What you saw is not what is asked. Read the request again as it is now" in text_of(answer.text)
    assert state(console, held) == "PENDING"


def test_a_deny_needs_a_reason_and_what_was_written_is_kept(console, held):
    rita = console.browser("rita")
    page = rita.page(place(held))
    assert '<textarea id="deny-words"' in page
    assert "></textarea>" in page, "nobody's words are in it yet"
    answer = rita.decide(held.id, "deny", words="   ")
    assert answer.status_code == 409
    assert "A deny needs a reason. Write a few words" in text_of(answer.text)
    stale = rita.forms(place(held))[place(held, "deny")] | {"view_digest": "0" * 64, "words": "too many rows"}
    assert ">too many rows</textarea>" in rita.post(place(held, "deny"), stale).text
    assert state(console, held) == "PENDING"


def test_nobody_votes_twice_or_late(console, held):
    rita, paul = console.browser("rita"), console.browser("paul")
    kept = paul.forms(place(held))[place(held, "approve")]
    assert rita.decide(held.id, "deny", words="no").status_code == 303
    answer = paul.post(place(held, "approve"), kept)
    assert answer.status_code == 409
    assert "It is over: denied. Nothing can be decided any more." in text_of(answer.text)
    assert set(paul.forms(place(held))) == {"/console/logout"}
    assert "Now it is the turn of" not in text_of(paul.page(place(held)))


def test_only_who_asked_withdraws(console, held):
    rita = console.browser("rita")
    assert place(held, "withdraw") not in rita.forms(place(held))
    answer = rita.post(place(held, "withdraw"), bound(rita, held))
    assert answer.status_code == 409
    assert "Only who asked may withdraw it." in text_of(answer.text)
    assert state(console, held) == "PENDING"


def test_who_may_not_decide_is_named_with_the_reason(console, held):
    page = text_of(console.browser("rita").page(place(held)))
    assert "bot asked for it" in page
    assert re.search(r"ana (issued [^;]*; )?owns an agent or service in it", page)
    reasons = {value for name, value in vars(conflict).items() if name.isupper() and "you" in str(value)}
    assert reasons == words.OTHERS.keys(), "each can be said of somebody else"


@pytest.mark.parametrize("name", ["req_0000000000000000000000", "req_nothing", "x", "%3Cscript%3E"])
def test_there_is_no_such_request(console, name):
    rita = console.browser("rita")
    answer = rita.get(f"/console/requests/{name}")
    assert answer.status_code in (404, 409)
    assert "<script>" not in answer.text
    assert "To the inbox" in text_of(answer.text)


def test_a_request_that_was_changed_behind_lockgate_is_void(console, held):
    rita = console.browser("rita")
    kept = rita.forms(place(held))[place(held, "approve")]

    def tamper(conn):
        conn.execute(update(t.requests).where(t.requests.c.id == held.id).values(principal="local:alf"))
        return None, []

    console.gate.call(console.gate.assembly.store.transact(tamper))
    page = text_of(rita.page(place(held)))
    assert "The store was changed behind Lockgate: this request is void." in page
    assert set(rita.forms(place(held))) == {"/console/logout"}
    assert rita.post(place(held, "approve"), kept).status_code == 409


def test_a_row_that_cannot_be_read_is_a_page_all_the_same(console, held):
    rita = console.browser("rita")
    kept = rita.forms(place(held))[place(held, "approve")]

    def tamper(conn):
        conn.execute(update(t.requests).where(t.requests.c.id == held.id).values(view="{", state="{"))
        return None, []

    console.gate.call(console.gate.assembly.store.transact(tamper))
    page = text_of(rita.page(place(held)))
    assert "A request that cannot be read" in page
    assert "Nothing that can be read." in page
    assert set(rita.forms(place(held))) == {"/console/logout"}
    assert rita.get("/console/").status_code == 200
    assert "A request that cannot be read" in text_of(rita.page("/console/all"))
    assert rita.post(place(held, "approve"), kept).status_code == 409


def test_every_refusal_of_a_vote_has_words_that_say_what_to_do():
    """Read from the source of the rules, so that a new one is not forgotten here."""
    package = Path(lockgate.__file__).parent
    files = ("approvals/ballots.py", "approvals/conflict.py", "services/approvals/voting.py")
    source = "".join((package / name).read_text() for name in files)
    said = re.findall(r'Refus(?:al|ed)\(\s*(?:"\w+"|FORBIDDEN), f?"([^"]+)"', source)
    said += re.findall(r'return "([^"]+ (?:account|vote|active|issuer)[^"]*)"', source)
    assert len(said) >= 12
    for message in said:
        assert words.about(Refusal("LG004", message, "")).advice, message


def test_everything_stopped_is_said_on_each_page(console, held):
    gate = console.gate
    rita = console.browser("rita")
    assert "Everything is stopped" not in text_of(rita.page("/console/"))
    gate.call(gate.assembly.approvals.kill_switch(True, by=Voter("local:root", True, False), reason="drill"))
    assert "Everything is stopped." in text_of(rita.page("/console/"))
    assert "Everything is stopped." in text_of(rita.page(place(held)))
