"""What goes wrong on somebody's first day is one line and a hint, and leaves nothing half made."""

from __future__ import annotations

import os
import socket

import pytest

from lockgate.demo.embedded import free_port
from newcomer import Newcomer
from support import PASSWORD

MADE = ("init", "lg", "--admin", "rita", "--password-stdin")


@pytest.fixture
def somebody(tmp_path):
    return Newcomer(tmp_path, (0, 0))


@pytest.fixture
def installed(somebody):
    somebody.says(*MADE, given=f"{PASSWORD}\n")
    return somebody


@pytest.mark.parametrize(
    ("words", "given", "says"),
    [
        (MADE, "short\n", "at least 12 characters"),
        (("init", "lg", "--admin", "Rita R.", "--password-stdin"), f"{PASSWORD}\n", "a name is made of"),
        ((*MADE, "--starter", "nonsense"), f"{PASSWORD}\n", "no such starter set"),
    ],
)
def test_an_init_that_is_refused_can_be_repeated(somebody, words, given, says):
    assert says in somebody.fails(*words, given=given)
    assert not (somebody.home / "lg").exists()
    somebody.says(*MADE, given=f"{PASSWORD}\n")


def test_init_keeps_what_was_in_the_folder(somebody):
    tls = somebody.home / "lg" / "tls"
    tls.mkdir(parents=True)
    for name in ("own.pem", "own.key"):
        (tls / name).write_text("x")
    own = ("--cert", "lg/tls/own.pem", "--key", "lg/tls/own.key")
    somebody.fails(*MADE, *own, given="short\n")
    assert sorted(path.name for path in (somebody.home / "lg").rglob("*")) == ["own.key", "own.pem", "tls"]
    somebody.says(*MADE, *own, given=f"{PASSWORD}\n")
    assert "cert: tls/own.pem" in (somebody.home / "lg" / "lockgate.yaml").read_text()


def test_init_takes_no_folder_in_which_its_files_are(somebody):
    (somebody.home / "lg" / "state").mkdir(parents=True)
    assert "holds state already" in somebody.fails(*MADE, given=f"{PASSWORD}\n")


def test_where_nobody_can_be_asked_for_a_password_it_says_how_to_give_one(somebody, monkeypatch):
    monkeypatch.setattr("lockgate.cli.people.TERMINAL", "/nowhere")
    assert "--password-stdin" in somebody.fails("init", "lg", "--admin", "rita", "--starter", "ai-agents")
    assert not (somebody.home / "lg").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_folder_that_may_not_be_written_is_named(somebody):
    somebody.home.chmod(0o500)
    assert "lg: Permission denied" in somebody.fails(*MADE, given=f"{PASSWORD}\n")


def test_what_the_system_refuses_is_one_line(somebody):
    (somebody.home / "file").write_text("")
    said = somebody.fails("init", "file/lg", "--admin", "rita", "--password-stdin", given=f"{PASSWORD}\n")
    assert said.startswith("lockgate: file/lg")
    assert said.rstrip().endswith("Not a directory")


def test_a_configuration_that_is_there_and_cannot_be_read_says_why(somebody):
    (somebody.home / "lockgate.yaml").mkdir()
    said = somebody.fails("serve")
    assert "lockgate.yaml cannot be read: Is a directory" in said
    assert "init makes one" not in said


def test_a_configuration_that_is_not_there_says_how_to_name_one(somebody):
    said = somebody.fails("serve")
    assert "lockgate init makes one" in said
    assert "--config" in said


@pytest.mark.parametrize("listener", ["postgres", "console"])
def test_a_port_that_is_taken_is_named(installed, listener):
    other = {"postgres": "8443", "console": "6432"}[listener]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        config = installed.home / "lg" / "lockgate.yaml"
        mine = {"postgres": "6432", "console": "8443"}[listener]
        text = config.read_text().replace(f"127.0.0.1:{mine}", f"127.0.0.1:{port}")
        config.write_text(text.replace(f"127.0.0.1:{other}", f"127.0.0.1:{free_port()}"))
        said = installed.fails("serve", "--config", installed.config)
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert f"listen.{listener}" in said


@pytest.mark.parametrize("words", [("keys", "show"), ("keys", "rotate"), ("backup", "backups/monday"), ("upgrade",)])
def test_what_asks_no_database_needs_no_database_password(installed, words, monkeypatch):
    """A shell or a cron job does not have the environment that the service has."""
    monkeypatch.delenv("CLINIC_PASSWORD", raising=False)
    config = installed.home / "lg" / "lockgate.yaml"
    upstream = "  clinic: {upstream: 'postgresql://gw@db/clinic', password: 'env:CLINIC_PASSWORD'}"
    config.write_text(config.read_text().replace("connections: {}", f"connections:\n{upstream}"))
    installed.says(*words, "--config", installed.config)
    assert "the environment has no CLINIC_PASSWORD" in installed.fails("serve", "--config", installed.config)
