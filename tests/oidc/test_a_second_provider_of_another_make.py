"""Against npm's `oidc-provider`, certified by the OpenID Foundation: it insists on PKCE, and names itself in answers.

It is installed into a folder of the test run; where there is no node or npm, or no registry, these are skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinic import Clock
from lockgate.demo.embedded import free_port
from lockgate.identity.oidc import account_of
from providers import Terminal, answer_of, configure, query

PACKAGE = "oidc-provider@9"
SCRIPT = Path(__file__).with_name("provider.mjs")


@pytest.fixture(scope="module")
def certified(tmp_path_factory) -> Iterator[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no node with npm here to run the second provider")
    folder = tmp_path_factory.mktemp("node")
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    done = subprocess.run(install, capture_output=True, text=True, timeout=80, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install {PACKAGE} here: {done.stderr.strip().splitlines()[-1:]}")
    port = free_port()
    command = [node, str(SCRIPT), str(folder), str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        assert "listening" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


class Browser:
    """Somebody who fills in the provider's own pages: login, then consent."""

    def __init__(self) -> None:
        self.client = httpx.Client(follow_redirects=False)

    def go(self, address: str, sub: str) -> httpx.Response:
        """Until the provider sends the browser elsewhere, or shows a page without a form."""
        answer = self.client.get(address)
        for _ in range(20):
            location = answer.headers.get("location", "")
            if location and "/callback" in location:
                return answer
            if location:
                answer = self.client.get(httpx.URL(address).join(location))
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            if form is None:
                return answer
            fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', answer.text))
            if fields.get("prompt") == "login":
                fields |= {"login": sub, "password": "any"}
            answer = self.client.post(httpx.URL(address).join(form[1]), data=fields)
        raise AssertionError("the provider asks for ever")


def consent(address: str, sub: str) -> dict[str, str]:
    browser = Browser()
    try:
        return answer_of(browser.go(address, sub).headers["location"])
    finally:
        browser.client.close()


@pytest.fixture
def terminal(api, gate, certified) -> Terminal:
    configure(gate, certified)
    return Terminal(api, consent)


def test_a_terminal_gets_a_session_with_the_groups_of_the_map(terminal, api, certified):
    session = terminal.logged_in("rita")
    assert session["person"] == account_of(certified, "rita")
    assert api("", "GET", "/me", token=session["token"]).json()["groups"] == ["privacy"]


def test_its_answer_names_it_and_has_to(terminal):
    began = terminal.begin()
    answer = consent(began["authorization_url"], "rita")
    without = {name: value for name, value in answer.items() if name != "iss"}
    assert "another issuer's" in terminal.end(began, without).json()["title"]


def test_a_code_is_worth_nothing_with_the_verifier_of_another_login(terminal):
    """The provider finds it before there is a token whose nonce could be wrong."""
    victim, own = terminal.begin(), terminal.begin()
    stolen = consent(victim["authorization_url"], "rita")
    refused = terminal.end(own, stolen, state=own["state"])
    assert refused.status_code == 401 and "does not take its code" in refused.json()["title"]


def test_a_replayed_code(terminal):
    first = terminal.begin()
    answer = consent(first["authorization_url"], "rita")
    assert terminal.end(first, answer).status_code == 200
    again = terminal.begin()
    assert terminal.end(again, answer, state=again["state"]).status_code == 401


def test_a_request_without_pkce_is_not_taken_there(terminal):
    began = terminal.begin()
    changed = query(began["authorization_url"], code_challenge="", code_challenge_method="")
    answer = consent(changed, "rita")
    assert answer["error"] == "invalid_request"
    assert "invalid_request" in terminal.end(began, answer).json()["title"]


def test_a_login_that_had_to_be_fresh_is(api, gate, certified):
    configure(gate, certified, max_age_s=60)
    assert Terminal(api, consent).logged_in("rita")


def test_a_code_is_confirmed_on_another_device(api, gate, certified, monkeypatch):
    configure(gate, certified, device_flow=True)
    store = gate.assembly.store
    clock = Clock(store.clock())
    monkeypatch.setattr(store, "clock", clock)
    begun = api("", "POST", "/login/oidc/device").json()
    body = {name: begun[name] for name in ("state", "handle")}
    clock.sleep(begun["interval"])
    assert api("", "POST", "/login/oidc/device/poll", body).json() == {"pending": True}
    browser = Browser()
    page = browser.client.get(begun["verification_uri"])
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert xsrf is not None
    typed = {"xsrf": xsrf[1], "user_code": begun["user_code"]}
    asked = browser.client.post(begun["verification_uri"], data=typed)
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', asked.text)
    assert xsrf is not None
    typed = {"xsrf": xsrf[1], "user_code": begun["user_code"], "confirm": "yes"}
    confirmed = browser.client.post(begun["verification_uri"], data=typed)
    browser.go(str(httpx.URL(begun["verification_uri"]).join(confirmed.headers["location"])), "noah")
    browser.client.close()
    clock.sleep(begun["interval"])
    session = api("", "POST", "/login/oidc/device/poll", body).json()
    assert session["person"] == account_of(certified, "noah")
    assert api("", "GET", "/me", token=session["token"]).json()["groups"] == ["analysts"]
