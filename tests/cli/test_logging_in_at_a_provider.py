"""`lockgate login` against a server in a process of its own and a provider beside it: a browser, a device, a link."""

from __future__ import annotations

import json
import stat
import threading

import httpx
import pytest

from lockgate.identity.oidc import account_of
from newcomer import serving
from providers import answer_of, crooked
from support import PASSWORD


@pytest.fixture(scope="module")
def provider():
    with crooked() as found:
        yield found


@pytest.fixture(scope="module")
def somebody(hospital, tmp_path_factory, provider):
    section = (
        f"oidc:\n  issuer: {provider.issuer}\n  client_id: lockgate\n  client_secret: none\n"
        "  groups_claim: groups\n  groups: {reviewers: privacy}\n  device_flow: true\n"
    )
    with serving(hospital, tmp_path_factory.mktemp("home"), section) as who:
        yield who


@pytest.fixture
def browser(monkeypatch, provider):
    """A browser in which `sub` confirms at the provider, and which comes back to the terminal; after strangers did."""
    opened = []

    class Browser:
        sub = "rita"
        error = ""

        def open(self, url):
            opened.append(url)
            asked = answer_of(url)
            answer = {"state": asked["state"], "error": self.error} if self.error else provider.authorize(url, self.sub)

            def come_back():
                back = asked["redirect_uri"]
                for stranger in ({"state": "another", "code": "x"}, {"code": "x"}):
                    assert httpx.get(back, params=stranger).status_code == 404
                assert httpx.get(back.replace("/callback", "/"), params=answer).status_code == 404
                pages.append(httpx.get(back, params=answer))

            threading.Thread(target=come_back, daemon=True).start()
            return True

    pages = []
    made = Browser()
    made.pages = pages
    monkeypatch.setattr("webbrowser.open", made.open)
    return made


def server(who):
    return ("--url", f"https://localhost:{who.console}", "--ca", "lg/tls/ca.pem")


def session_file(who):
    return who.home / "config" / "lockgate" / "session.json"


def test_with_a_browser(somebody, browser, provider):
    account = account_of(provider.issuer, "rita")
    assert f"Logged in as {account}." in somebody.says("login", *server(somebody))
    assert json.loads(session_file(somebody).read_text())["person"] == account
    assert stat.S_IMODE(session_file(somebody).stat().st_mode) == 0o600
    assert account in somebody.says("user", "list")
    (page,) = browser.pages
    assert page.status_code == 200 and "closed" in page.text and "code" not in page.text


def test_the_provider_says_no(somebody, browser):
    browser.error = "access_denied"
    assert "access_denied" in somebody.fails("login", *server(somebody))


def test_with_a_code_for_another_device(somebody, provider, monkeypatch):
    waits = []

    def confirmed_meanwhile(seconds):
        waits.append(seconds)
        provider.confirmed.add("device-1")
        threading.Event().wait(seconds)

    monkeypatch.setattr("time.sleep", confirmed_meanwhile)
    provider.sub = "paul"
    said = somebody.says("login", "--no-browser", *server(somebody))
    assert "WDJB-MJHT" in said and f"{provider.issuer}/confirm" in said
    assert f"Logged in as {account_of(provider.issuer, 'paul')}." in said
    assert waits == [5]


def test_by_name_as_before_and_then_linked(somebody, browser, provider):
    somebody.log_in("root")
    somebody.says("user", "add", "mia", "--password-stdin", given=f"{PASSWORD}\n")
    somebody.log_in("mia")
    browser.sub = "mia"
    account = account_of(provider.issuer, "mia")
    assert f"local:mia and {account} are one person." in somebody.says("login", "--link")
    assert json.loads(session_file(somebody).read_text())["person"] == "local:mia", "a link is no other login"


def test_a_link_needs_a_local_session(somebody, browser):
    browser.sub = "rita"
    somebody.says("login", *server(somebody))
    assert "local account" in somebody.fails("login", "--link")
    assert "--link takes no name" in somebody.fails("login", "mia", "--link")


def test_doctor_says_what_is_configured(somebody, provider):
    said = somebody.says("doctor", "--config", somebody.config)
    assert f"oidc: {provider.issuer} answers" in said
    assert "reviewers at the provider is privacy here" in said
    assert "accounts of the provider do not vote" in said
    assert "the device flow is on" in said
