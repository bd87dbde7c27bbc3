"""The how-to followed with the real command, against a server in a process of its own: init, serve, log in, the PHI
map, an agent; and what is said when something is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from typing import NamedTuple
from unittest import mock

import pytest

from lockgate.cli import main
from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import free_port
from support import PASSWORD


class Done(NamedTuple):
    status: int
    out: str
    err: str


class Newcomer:
    """Somebody at a shell with a home of their own."""

    def __init__(self, home, ports):
        self.home, (self.postgres, self.console) = home, ports
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(home / "config"), "COLUMNS": "200"}

    @property
    def config(self):
        return str(self.home / "lg" / "lockgate.yaml")

    def lockgate(self, *words, given=""):
        """The command's own entry point, with the arguments, home and input of this person."""
        out, err, status = io.StringIO(), io.StringIO(), 0
        with (
            mock.patch.object(sys, "argv", ["lockgate", *words]),
            mock.patch.object(sys, "stdin", io.StringIO(given)),
            mock.patch.dict(os.environ, self.environment),
            contextlib.chdir(self.home),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as ended:
                status = int(ended.code or 0)
        return Done(status, out.getvalue(), err.getvalue())

    def says(self, *words, given=""):
        done = self.lockgate(*words, given=given)
        assert done.status == 0, done.err + done.out
        return done.out

    def fails(self, *words, given=""):
        """Standard error of a command that fails as it should: some lines, never a traceback."""
        done = self.lockgate(*words, given=given)
        assert done.status in (1, 2), done.out
        return done.err

    def log_in(self, name, *, ca="lg/tls/ca.pem"):
        url = f"https://localhost:{self.console}"
        return self.says("login", name, "--url", url, "--ca", ca, "--password-stdin", given=f"{PASSWORD}\n")


@pytest.fixture(scope="module")
def newcomer(hospital, tmp_path_factory):
    """After `init` and `serve`, with one connection and nobody but the administrator root."""
    home = tmp_path_factory.mktemp("home")
    who = Newcomer(home, (free_port(), free_port()))
    printed = who.says("init", "lg", "--admin", "root", "--password-stdin", given=f"{PASSWORD}\n")
    assert "write it down elsewhere" in printed
    (home / "lg" / "state" / "clinic").write_text(hospital.password)
    text = (home / "lg" / "lockgate.yaml").read_text()
    text = text.replace("127.0.0.1:6432", f"127.0.0.1:{who.postgres}")
    text = text.replace("console: 127.0.0.1:8443", f"console: 127.0.0.1:{who.console}")
    upstream = hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic")
    text = text.replace(
        "connections: {}", f"connections:\n  clinic: {{upstream: '{upstream}', password: 'file:state/clinic'}}"
    )
    (home / "lg" / "lockgate.yaml").write_text(text)
    server = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "serve", "--config", who.config],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=who.environment,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "listening" in line:
            break
    assert server.poll() is None
    yield who
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0


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
        (("audit", "prove", "evt_none"), "no such event"),
        (("audit", "verify", "nowhere"), "no store at nowhere"),
        (("audit", "verify", "lg/lockgate.yaml"), "not a readable store"),
        (("audit", "verify", "lg/state/lockgate.db", "--checkpoint", "nowhere"), "nowhere cannot be read"),
        (("audit", "check", "lg/lockgate.yaml", "--key", "nowhere"), "--key names no file"),
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
