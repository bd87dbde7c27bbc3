"""Sessions of the console: a cookie out of reach, new at each login, gone at logout, and for people alone."""

from __future__ import annotations

import httpx
import pytest

from browsing import text_of
from lockgate.server.api import create_app
from lockgate.services.accounts.credentials import SESSION_IDLE_S
from support import PASSWORD

SESSION, VISIT = "lockgate-session", "lockgate-visit"


def cookie_line(answer, name):
    (line,) = [line for line in answer.headers.get_list("set-cookie") if f"{name}=" in line and "Max-Age=0" not in line]
    return {part.strip().lower() for part in line.split(";")[1:]}, line.partition("=")[0], line


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(console):
    rita = console.browser()
    answer = rita.login("rita")
    flags, _, _ = cookie_line(answer, SESSION)
    assert flags == {"httponly", "path=/", "samesite=strict"}, "over plain HTTP, on loopback"
    token = rita.http.cookies[SESSION]
    assert token.startswith("lgs_")
    for path in ("/console/", "/console/waiting", "/console/all", "/console/login"):
        assert token not in rita.page(path)
        assert token not in str(rita.get(path).url)
    assert token not in answer.headers["location"]


@pytest.mark.parametrize(
    ("base", "says", "public_url"),
    [
        ("https://gate.test", {}, "http://lockgate.test"),
        ("http://127.0.0.1", {"x-forwarded-proto": "https"}, "http://lockgate.test"),
        ("http://gate.example.org", {}, "https://gate.example.org"),
    ],
    ids=["here", "a proxy says so", "a proxy is known"],
)
def test_over_tls_the_cookie_is_bound_to_the_host(console, base, says, public_url, monkeypatch):
    gate = console.gate
    monkeypatch.setattr(gate.assembly.approvals.desk, "base_url", public_url)

    async def go():
        transport = httpx.ASGITransport(app=create_app(gate.assembly))
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=says) as client:
            page = await client.get("/console/login")
            visit = cookie_line(page, VISIT)
            (csrf,) = [part.split('"')[0] for part in page.text.split('name="csrf" value="')[1:]]
            fields = {"csrf": csrf, "request": "", "user": "rita", "password": PASSWORD}
            headers = {
                "sec-fetch-site": "same-origin",
                "cookie": f"{visit[1]}={visit[2].partition('=')[2].split(';')[0]}",
            }
            answer = await client.post("/console/login", data=fields, headers=headers)
            return visit, cookie_line(answer, SESSION)

    for flags, name, _ in gate.call(go()):
        assert name.startswith("__Host-lockgate-")
        assert flags == {"httponly", "path=/", "samesite=strict", "secure"}


@pytest.mark.parametrize("host", ["localhost:8443", "127.0.0.1:8443", "[::1]:8443"])
def test_plain_loopback_works_although_the_public_address_is_https(console, host, monkeypatch):
    """Not every browser takes a Secure cookie from there, and the address is https where nobody has set it."""
    monkeypatch.setattr(console.gate.assembly.approvals.desk, "base_url", "https://localhost:8443")
    answer = console.browser().get("/console/login", host=host)
    flags, name, _ = cookie_line(answer, VISIT)
    assert name == "lockgate-visit"
    assert "secure" not in flags


def test_a_session_that_was_there_before_the_login_is_not_the_one_after(console):
    """Fixation: whoever planted a cookie, even one of a session that lives, has nothing of the login."""
    gate = console.gate
    planted = gate.call(gate.assembly.accounts.login("alf", PASSWORD)).token
    victim = console.browser()
    victim.http.cookies.set(SESSION, planted)
    victim.http.cookies.set(VISIT, "chosen-by-somebody")
    assert victim.login("rita").status_code == 303
    token = victim.http.cookies.get(SESSION, domain="127.0.0.1")
    assert token != planted
    other = console.browser()
    other.http.cookies.set(SESSION, planted)
    assert other.get("/console/").status_code == 303, "what was planted is revoked, too"
    twice = console.browser("rita")
    first = twice.http.cookies[SESSION]
    twice.login("rita")
    assert twice.http.cookies[SESSION] != first
    assert gate.call(gone(gate, first))


async def gone(gate, token):
    try:
        await gate.assembly.accounts.peek(token)
    except Exception:
        return True
    return False


def test_a_logout_revokes_the_session_wherever_its_token_is(console):
    rita = console.browser("rita")
    token = rita.http.cookies[SESSION]
    answer = rita.post("/console/logout", rita.forms("/console/")["/console/logout"])
    assert answer.status_code == 303
    assert SESSION not in rita.http.cookies
    assert "You are logged out." in text_of(rita.page(answer.headers["location"]))
    thief = console.browser()
    thief.http.cookies.set(SESSION, token)
    answer = thief.get("/console/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
    api = thief.get("/api/v1/me", authorization=f"Bearer {token}")
    assert api.status_code == 401


def test_neither_an_agents_credentials_nor_a_connection_token_are_a_session(console):
    gate = console.gate
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    own = gate.token("alf", by="local:alf")
    running, request = console.ask()
    good = console.browser("rita")
    fields = good.forms(f"/console/requests/{request.id}")[f"/console/requests/{request.id}/approve"]
    for token in (key, gate.token(), own, "lgs_forged", "nonsense", ""):
        browser = console.browser()
        browser.http.cookies.set(SESSION, token)
        for path in ("/console/", "/console/all", f"/console/requests/{request.id}"):
            assert browser.get(path).headers["location"].startswith("/console/login"), (token, path)
        assert browser.get("/console/live").status_code == 401
        answer = browser.post(f"/console/requests/{request.id}/approve", fields)
        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/console/login")
    for user, password in (("bot", key), ("bot", gate.token()), ("bot", ""), ("alf", own), ("local:bot", PASSWORD)):
        assert console.browser().login(user, password).status_code in (401, 429)
    assert gate.call(gate.assembly.approvals.get(request.id)).votes == ()
    gate.vote(request, "rita")
    assert running.result() == 1


def test_a_session_in_the_authorization_header_is_none_here(console):
    """A page is for browsers: what counts is the cookie, by which forms are bound."""
    token = console.gate.call(console.gate.assembly.accounts.login("rita", PASSWORD)).token
    assert console.browser().get("/console/", authorization=f"Bearer {token}").status_code == 303


def test_guessing_is_slowed_down_at_this_door_and_the_apis_together(console):
    browser = console.browser()
    for number in range(3):
        answer = browser.login("dora", f"guess number {number}")
        assert answer.status_code == 401
        assert "This name and password do not fit." in text_of(answer.text)
        assert 'value="dora"' in answer.text
        assert "guess" not in answer.text
    for number in range(2):
        sent = browser.http.post("/api/v1/login", json={"user": "dora", "password": f"guess number {number}"})
        assert sent.status_code == 401
    answer = browser.login("dora", PASSWORD)
    assert answer.status_code == 429
    assert "Too many failed logins. Wait a little, then try again." in text_of(answer.text)


def test_whoever_is_not_logged_in_comes_back_to_what_they_wanted(console):
    running, request = console.ask()
    browser = console.browser()
    answer = browser.get(f"/console/requests/{request.id}")
    assert answer.headers["location"] == f"/console/login?request={request.id}"
    fields = browser.forms(answer.headers["location"])["/console/login"]
    assert fields["request"] == request.id
    answer = browser.post("/console/login", fields | {"user": "rita", "password": PASSWORD})
    assert answer.headers["location"] == f"/console/requests/{request.id}"
    browser.decide(request.id, "approve")
    assert running.result() == 1


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil", "req_x", "req_" + "0" * 20 + "/../x"]
)
def test_a_login_leads_nowhere_else(console, wanted):
    browser = console.browser()
    assert browser.http.get("/console/login", params={"request": wanted}).text.count("evil") == 0
    assert browser.login("rita", request=wanted).headers["location"] == "/console/"


def test_a_link_of_a_chat_leads_on_with_the_cookie(console):
    """SameSite=Strict: along a link of another site a browser sends no cookie, so a page of ours leads on."""
    running, request = console.ask()
    assert request.link == f"http://lockgate.test/requests/{request.id}", "what notices tell"
    stranger = console.browser()
    for path in (f"/requests/{request.id}", f"/console/requests/{request.id}"):
        answer = stranger.get(path, **{"sec-fetch-site": "cross-site"})
        assert answer.status_code == 200
        assert f'content="0; url=/console/requests/{request.id}"' in answer.text
        assert request.sentence not in text_of(answer.text)
    assert 'url=/console/"' in stranger.get("/requests/anything%22").text
    assert stranger.get(f"/console/requests/{request.id}", **{"sec-fetch-site": "same-origin"}).status_code == 303
    console.gate.vote(request, "rita")
    assert running.result() == 1


def test_a_deactivated_person_is_out_at_once(console):
    gate = console.gate
    paul = console.browser("paul")
    assert paul.get("/console/").status_code == 200
    gate.call(gate.assembly.accounts.deactivate("local:paul", by="local:root"))
    assert paul.get("/console/").status_code == 303
    assert console.browser().login("paul").status_code == 401


def test_what_a_page_fetches_by_itself_keeps_no_session_alive(console, monkeypatch):
    """A screen that nobody looks at ends like any other session that is not used."""
    gate = console.gate
    rita = console.browser("rita")
    now_at = gate.assembly.store.clock()
    live = {"lockgate-live": "1"}

    def at(seconds):
        monkeypatch.setattr(gate.assembly.store, "clock", lambda: now_at + seconds * 1_000_000)

    at(SESSION_IDLE_S - 120)
    assert rita.get("/console/", **live).status_code == 200
    at(SESSION_IDLE_S + 120)
    answer = rita.get("/console/", **live)
    assert answer.status_code == 401, "a script is told, not led to a login"
    assert rita.get("/console/live").status_code == 401
    assert rita.get("/console/").status_code == 303

    rita = console.browser("rita")
    at(2 * SESSION_IDLE_S)
    assert rita.get("/console/").status_code == 200
    at(3 * SESSION_IDLE_S - 60)
    assert rita.get("/console/").status_code == 200, "somebody who reads does keep it alive"
