"""Against a real provider: the authorization code with PKCE, from a terminal and in a browser."""

from __future__ import annotations

import json

import httpx
import pytest

from lockgate.identity.oidc import challenge_of, issuer_name
from lockgate.server.api import create_app
from providers import Terminal, answer_of, confirm


def me(api, session):
    return api("", "GET", "/me", token=session["token"]).json()


def test_a_terminal_gets_an_ordinary_session(terminal: Terminal, api, issuer):
    session = terminal.logged_in("rita")
    assert session["person"] == f"{issuer_name(issuer)}:rita"
    assert me(api, session) == {"id": session["person"], "kind": "human", "groups": ["privacy"]}
    assert api("", "POST", "/logout", token=session["token"]).status_code == 204
    assert api("", "GET", "/me", token=session["token"]).status_code == 401


def test_the_request_carries_pkce_with_s256_state_and_nonce(terminal: Terminal):
    asked = answer_of(terminal.begin()["authorization_url"])
    again = answer_of(terminal.begin()["authorization_url"])
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert asked["prompt"] == "login", "a browser that is logged in there would answer without anybody looking"
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) == 43 and asked[name] != again[name]


def test_the_challenge_is_that_of_rfc_7636_appendix_b():
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_browser_comes_back_to_the_callback_with_its_cookie(terminal: Terminal, gate):
    async def go():
        transport = httpx.ASGITransport(app=create_app(gate.assembly))
        async with httpx.AsyncClient(transport=transport, base_url="http://gate.test") as browser:
            sent = await browser.get("/api/v1/login/oidc/browser")
            assert sent.status_code == 303
            cookie = sent.headers["set-cookie"]
            back = confirm(sent.headers["location"], "rita")
            answer = await browser.get("/api/v1/login/oidc/callback", params=back)
            again = await browser.get("/api/v1/login/oidc/callback", params=back)
            return cookie, answer, again

    cookie, answer, again = gate.call(go())
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert answer.status_code == 200 and answer.json()["token"].startswith("lgs_")
    assert answer.headers["cache-control"] == "no-store"
    assert again.status_code == 401


def test_groups_are_those_of_the_map_and_no_others(terminal: Terminal, api):
    # At the provider noah is in `staff`, and in groups that happen to be called as Lockgate's own are.
    assert me(api, terminal.logged_in("noah"))["groups"] == ["analysts"]
    assert me(api, terminal.logged_in("lone"))["groups"] == []


@pytest.mark.parametrize("sub", ["odd/sub ject"])
def test_a_subject_that_no_address_could_hold_stands_as_its_hash(terminal: Terminal, api, sub, issuer):
    session = terminal.logged_in(sub)
    name = session["person"].removeprefix(f"{issuer_name(issuer)}:")
    assert name.startswith("~") and len(name) == 65
    assert terminal.logged_in(sub)["person"] == session["person"]


def test_a_login_is_in_the_log_and_nothing_secret_with_it(terminal: Terminal, gate, issuer):
    began = terminal.begin()
    answer = confirm(began["authorization_url"], "rita")
    session = terminal.end(began, answer).json()
    events = [json.loads(event["leaf"]) for event in gate.events()]
    made = [e["body"] for e in events if e["type"] == "user.created" and e["body"]["account"] == session["person"]]
    assert [(e["by"], e["groups"]) for e in made] == [(issuer_name(issuer), ["privacy"])]
    text = json.dumps(events)
    for secret in (session["token"], began["state"], began["handle"], answer["code"], "rita@clinic.example"):
        assert secret not in text


def test_without_a_provider_nothing_begins_and_local_users_log_in(api):
    assert api("", "GET", "/login/methods").json() == {"local": True, "issuer": "", "device_flow": False}
    assert api("", "POST", "/login/oidc", {"port": 1}).status_code == 400
    assert api("rita", "GET", "/me").json()["id"] == "local:rita"
