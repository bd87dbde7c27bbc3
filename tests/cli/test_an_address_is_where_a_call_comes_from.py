"""A header of the caller's own does not say where a call comes from: approvals, policies and the brake on guessing go
by that address, and whoever listens on loopback is reached by everything else on the machine, agents too."""

from __future__ import annotations

import json
import ssl

import httpx

from lockgate.demo import hospital
from support import PASSWORD

FORGED = ("x-forwarded-for", "forwarded", "x-real-ip")


def session_of(newcomer):
    return json.loads((newcomer.home / "config" / "lockgate" / "session.json").read_text())


def call(newcomer, path, body, token="", **headers):
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    saved = session_of(newcomer)
    trust = ssl.create_default_context(cafile=saved["ca"])
    url, sent = f"{saved['url']}/api/v1{path}", {**bearer, **headers}
    return httpx.post(url, json=body, headers=sent, verify=trust, timeout=20)


def test_the_log_says_the_connections_own_address(newcomer):
    newcomer.log_in("root")
    newcomer.says("catalog", "accept", "clinic", str(hospital.CATALOG))
    for name in ("rita", "paul"):
        newcomer.says("user", "add", name, "--group", "privacy", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.says("user", "add", "ana", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.log_in("ana")
    newcomer.says("agent", "add", "bot")
    token = session_of(newcomer)["token"]
    body = {"connection": "clinic", "account": "local:bot", "statements": ["UPDATE task SET done = true WHERE id = 1"]}
    asked = call(newcomer, "/batches", body, token, **{"x-forwarded-for": "10.2.0.7"})
    assert asked.is_success, asked.text
    shown = newcomer.says("requests", "show", asked.json()["items"][0]["request"])
    assert "10.2.0.7" not in shown
    assert "127.0.0.1" in shown or "::1" in shown


def test_guessing_is_slowed_down_whatever_the_caller_says(newcomer):
    """The last test: from here on this address waits."""
    newcomer.log_in("root")
    for header in FORGED:
        guesses = [
            call(newcomer, "/login", {"user": f"{header}{n}", "password": "a guess"}, **{header: f"10.2.0.{n}"})
            for n in range(6)
        ]
        assert 429 in {guess.status_code for guess in guesses}, header
