"""The how-to followed with the real command, against a server in a process of its own: init, serve, log in, the PHI
map, an agent; and what is said when something is wrong."""

from __future__ import annotations

import json

import pytest

from lockgate.demo.embedded import free_port
from support import PASSWORD


def test_the_how_to_works_to_the_letter(newcomer):
    newcomer.log_in("root")
    proposals = json.loads(newcomer.says("catalog", "scan", "clinic", "--json"))
    assert {"table": "public.patient", "column": "ssn", "proposed": "ssn"}.items() <= next(
        p for p in proposals if p["table"] == "public.patient" and p["column"] == "ssn"
    ).items()
    assert "columns accepted" in newcomer.says("catalog", "review", "clinic", "--accept-sure")
    assert "ssn: ssn" in newcomer.says("catalog", "show", "clinic")
    newcomer.says("user", "add", "paul", "--group", "privacy", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.says("user", "add", "ana", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.log_in("ana")
    newcomer.says("agent", "add", "billing-bot")
    shown = newcomer.says("doctor", "--config", newcomer.config)
    assert "billing-bot, one-reviewer: local:paul may decide" in shown
    assert "billing-bot, two-person: this needs" in shown
    token = newcomer.says("token", "clinic", "--agent", "billing-bot", "--gateway", f"localhost:{newcomer.postgres}")
    assert "sslmode=verify-full&sslrootcert=/" in token
    assert newcomer.says("requests", "list").strip() == "Nothing waits."


def test_doctor_says_when_the_only_reviewer_was_made_by_the_agents_owner(newcomer):
    newcomer.log_in("root")
    newcomer.says("user", "add", "pia", "--group", "privacy", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.says("agent", "add", "roots-bot")
    shown = newcomer.says("doctor", "--config", newcomer.config)
    assert "WARN  clinic: local:roots-bot, one-reviewer: this needs 1 of privacy" in shown


def test_a_slip_in_a_review_asks_again(newcomer):
    newcomer.log_in("root")
    newcomer.says("catalog", "review", "clinic", "--accept-sure")
    shown = newcomer.says("catalog", "review", "clinic", given="nmae\nn\n" + "n\n" * 50)
    assert "nmae is no class" in shown
    assert "0 columns accepted" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("catalog", "show", "clinc"), "no such connection\n  clinic"),
        (("connect", "clinc", "--folder", "sock"), "no such connection\n  clinic"),
        (("connect", "clinic", "--gateway", "here"), "host:port"),
        (("requests", "show", "req_none"), "no such request"),
        (("requests", "list", "--state", "aproved"), "no such state\n  PROPOSED, PENDING, APPROVED"),
        (("audit", "prove", "evt_none"), "no such event"),
        (("audit", "verify", "nowhere"), "no store at nowhere"),
        (("audit", "verify", "lg/lockgate.yaml"), "not a readable store"),
        (("audit", "verify", "lg/state/lockgate.db", "--checkpoint", "nowhere"), "nowhere cannot be read"),
        (("audit", "check", "lg/lockgate.yaml", "--key", "nowhere"), "--key names no file"),
        (
            (
                "audit",
                "export",
                "lg/state/lockgate.db",
                "out",
                "--from",
                "2026-01-01",
                "--to",
                "2026-01-02",
                "--type",
                "x",
            ),
            "no such type of event: x\n  decision, intent",
        ),
        (("policy", "explain", "sql.select clinic/public.patient", "--who", "x"), "policies is no folder"),
        (("serve", "--config", "nowhere.yaml"), "lockgate init makes one"),
        (("doctor", "--wrong"), "No such option"),
        (("user", "add"), "Missing argument"),
    ],
)
def test_wrong_input_is_told_in_words(newcomer, words, says):
    newcomer.log_in("root")
    assert says in newcomer.fails(*words)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--ca", "nowhere.pem"), "nowhere.pem cannot be read as a certificate"),
        ((), "is not trusted\n  log in with --ca"),
        (("--ca", "lg/tls/ca.pem"), "login failed"),
    ],
)
def test_a_login_that_fails_says_why(newcomer, options, says):
    url = f"https://localhost:{newcomer.console}"
    assert says in newcomer.fails(
        "login", "root", "--url", url, *options, "--password-stdin", given="not the password\n"
    )


def test_a_server_that_is_not_there_is_named(newcomer):
    url = f"https://localhost:{free_port()}"
    said = newcomer.fails("login", "root", "--url", url, "--password-stdin", given="x\n")
    assert f"{url} does not answer" in said
    assert "is lockgate serve running?" in said


def test_without_the_right_it_is_refused(newcomer):
    newcomer.log_in("root")
    newcomer.says("user", "add", "nina", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.log_in("nina")
    assert "this is for the group admins" in newcomer.fails("catalog", "scan", "clinic")


def test_the_version_is_told(newcomer):
    assert newcomer.says("--version").startswith("lockgate 0.")


def test_a_policy_is_checked_explained_tried_and_put_in_force(newcomer):
    newcomer.log_in("root")
    assert "in force" in newcomer.says("policy", "check", "--server", "--folder", "lg/policies")
    ask = ("policy", "explain", "--server", "--who", "root", "sql.export clinic/public.patient")
    assert newcomer.says(*ask).startswith("deny\n")
    mine = newcomer.home / "lg" / "policies" / "mine.cedar"
    mine.write_text("\npermit (")
    assert "mine.cedar:2: " in newcomer.fails("policy", "reload")
    mine.write_text('@id("r") @title("Root") permit (principal is User, action == Action::"sql.export", resource);')
    table = newcomer.home / "mine.yaml"
    table.write_text("people: {root: {}}\ntests:\n  - {who: root, do: sql.export clinic, expect: allow}\n")
    trial = ("policy", "test", "--server", "--table", "mine.yaml")
    assert newcomer.lockgate(*trial).status == 1
    shown = newcomer.says("policy", "reload")
    assert "mine.cedar:1: error: " in shown
    assert "policies added: r\n" in shown
    assert newcomer.says(*ask).startswith("allow\n")
    assert "1 of 1 as the table says" in newcomer.says(*trial)
    assert "Nothing has changed" in newcomer.says("policy", "reload")
    mine.unlink()
    assert "policies removed: r\n" in newcomer.says("policy", "reload")
    newcomer.says("user", "add", "vera", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.log_in("vera")
    assert newcomer.says("policy", "explain", "--server", "sql.export clinic").startswith("deny\n")
    assert "for yourself and for the agents" in newcomer.fails(*ask)
    assert "admins" in newcomer.fails("policy", "reload")
