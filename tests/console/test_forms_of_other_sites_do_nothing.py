"""Cross-site request forgery: a form counts with the token of its own session, sent from a page of this console."""

from __future__ import annotations

import pytest

from browsing import text_of
from lockgate.server.api.bounds import FROM_ANYBODY_BYTES


@pytest.fixture
def held(console):
    running, request = console.ask()
    yield request
    assert console.gate.call(console.gate.assembly.approvals.get(request.id)).votes == (), "no attempt counted"
    console.gate.vote(request, "rita")
    assert running.result() == 1


def fields_of(browser, request, what="approve"):
    place = f"/console/requests/{request.id}"
    return f"{place}/{what}", browser.forms(place)[f"{place}/{what}"] | {"words": "fine"}


@pytest.mark.parametrize("what", ["approve", "deny"])
def test_without_the_token_of_this_session(console, held, what):
    rita, paul = console.browser("rita"), console.browser("paul")
    action, fields = fields_of(rita, held, what)
    _, others = fields_of(paul, held, what)
    again = console.browser("rita")
    _, before = fields_of(again, held, what)
    assert len({fields["csrf"], others["csrf"], before["csrf"]}) == 3, "each session has its own"
    login = console.browser().forms("/console/login")["/console/login"]["csrf"]
    missing = {name: value for name, value in fields.items() if name != "csrf"}
    forged = [others["csrf"], before["csrf"], login, "", "0" * 64, fields["csrf"].upper(), fields["csrf"][:-1], "é"]
    for tried in (missing, *(fields | {"csrf": token} for token in forged)):
        answer = rita.post(action, tried)
        assert answer.status_code == 403
        assert "This form is not of your session. Open the page again" in text_of(answer.text)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {},
    ],
)
def test_from_anywhere_else_even_with_the_token(console, held, headers):
    rita = console.browser("rita")
    action, fields = fields_of(rita, held)
    answer = rita.http.post(action, data=fields, headers=headers)
    assert answer.status_code == 403
    assert "This was not sent from a page of this console." in text_of(answer.text)


def test_from_here_as_browsers_say_it(console):
    for headers in (
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"sec-fetch-site": "same-origin"},
        {"origin": console.url},
        {"origin": "http://lockgate.test"},  # public_url, of which a proxy before it makes another Host
    ):
        browser = console.browser("rita")
        fields = browser.forms("/console/")["/console/logout"]
        assert browser.http.post("/console/logout", data=fields, headers=headers).status_code == 303


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_what_is_no_form_is_refused(console, held, kind):
    rita = console.browser("rita")
    action, fields = fields_of(rita, held)
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    headers = {"content-type": kind, "sec-fetch-site": "same-origin"}
    assert rita.http.post(action, content=body, headers=headers).status_code == 403


@pytest.mark.parametrize("body", [b"\xff=1", b"csrf", b"&".join([b"a=1"] * 50), b"csrf=1&csrf=2", b""])
def test_a_form_that_cannot_be_read_is_refused(console, held, body):
    rita = console.browser("rita")
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    for action in (f"/console/requests/{held.id}/approve", "/console/login", "/console/logout"):
        assert rita.http.post(action, content=body, headers=headers).status_code == 403


def test_a_field_sent_twice_is_refused(console, held):
    rita = console.browser("rita")
    action, fields = fields_of(rita, held)
    doubled = [*fields.items(), ("view_digest", "0" * 64)]
    body = "&".join(f"{name}={value}" for name, value in doubled)
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = rita.http.post(action, content=body, headers=headers)
    assert answer.status_code == 403
    assert "sent twice" in text_of(answer.text)


def test_a_login_of_somebody_else_cannot_be_forced_on_anybody(console):
    """Whoever is logged in as another without knowing writes into the other's account."""
    attacker, victim = console.browser(), console.browser()
    fields = attacker.forms("/console/login")["/console/login"] | {"user": "alf", "password": "x"}
    assert victim.post("/console/login", fields).status_code == 403, "there is no visit that it is of"
    victim.page("/console/login")
    assert victim.post("/console/login", fields).status_code == 403
    own = victim.forms("/console/login")["/console/login"] | {"user": "alf", "password": "x"}
    assert victim.post("/console/login", own, **{"sec-fetch-site": "cross-site"}).status_code == 403


def test_nothing_is_changed_by_fetching_a_page(console, held):
    rita = console.browser("rita")
    for what in ("approve", "deny", "withdraw"):
        assert rita.get(f"/console/requests/{held.id}/{what}").status_code == 405
    assert rita.get("/console/logout").status_code == 405
    assert rita.get("/console/").status_code == 200


def test_a_form_is_only_so_long(console, held):
    rita = console.browser("rita")
    action, fields = fields_of(rita, held)
    assert rita.post(action, fields | {"words": "x" * FROM_ANYBODY_BYTES}).status_code == 413
