"""The command as somebody types it: init, doctor, errors that name file and line."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.errors import ConfigError
from lockgate.server.config import load_config

run = CliRunner()


@pytest.fixture
def installation(tmp_path):
    done = run.invoke(
        app, ["init", str(tmp_path / "lg"), "--admin", "rita", "--password-stdin"], input="a long password\n"
    )
    assert done.exit_code == 0, done.output
    return tmp_path / "lg"


def test_init_makes_closed_keys_a_ca_and_policies(installation):
    assert (installation / "state" / "keys").stat().st_mode & 0o777 == 0o600
    assert (installation / "state" / "log.key").stat().st_mode & 0o777 == 0o600
    assert (installation / "tls" / "server.key").stat().st_mode & 0o777 == 0o600
    assert (installation / "policies" / "profiles.yaml").exists()
    assert load_config(installation / "lockgate.yaml").connections == {}


def test_init_does_not_overwrite(installation):
    again = run.invoke(
        app, ["init", str(installation), "--admin", "eve", "--password-stdin"], input="a long password\n"
    )
    assert isinstance(again.exception, ConfigError)


def test_doctor_says_what_is_there(installation):
    done = run.invoke(app, ["doctor", "--config", str(installation / "lockgate.yaml")])
    assert done.exit_code == 0
    assert "no connection is configured" in done.output


def test_doctor_finds_open_keys(installation):
    (installation / "state" / "keys").chmod(0o644)
    done = run.invoke(app, ["doctor", "--config", str(installation / "lockgate.yaml")])
    assert done.exit_code == 1
    assert "chmod 600" in done.output


def test_doctor_finds_a_superuser(installation, hospital):
    config = installation / "lockgate.yaml"
    (installation / "state" / "pw").write_text(hospital.server.password)
    config.write_text(
        "connections:\n  clinic:\n"
        f"    upstream: {hospital.server.url('postgres', 'clinic')}\n    password: file:state/pw\n"
    )
    done = run.invoke(app, ["doctor", "--config", str(config)])
    assert done.exit_code == 1
    assert "superuser" in done.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("listn: {}\n", "lockgate.yaml:1: unknown key listn (did you mean listen?)"),
        ("connections:\n  a:\n    upstream: x\n", "password is missing"),
        ("connections:\n  a: {upstream: 'postgresql://u:pa55word@h/d', password: 'file:p'}\n", "holds a password"),
        ("connections:\n  a: {upstream: 'postgresql://u@h/d', password: 'hunter2'}\n", "env:NAME or file:PATH"),
        ("listen: {postgres: here}\n", "lockgate.yaml:1: listen: postgres is written host:port"),
        ("a: [\n", "not YAML"),
        ("connections: {a: {upstream: 'mysql://u@h/d', password: 'file:p'}}\n", "postgresql://"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path, text, says):
    (tmp_path / "p").write_text("pw")
    path = tmp_path / "lockgate.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "pa55word" not in str(refused.value)


def test_audit_verify_has_its_own_statuses(gate):
    gate.call(gate.assembly.log.sequence())
    store = gate.state / "lockgate.db"
    done = run.invoke(app, ["audit", "verify", str(store), "--json"])
    assert done.exit_code in (3, 4), done.output
    assert '"problems": []' in done.output


@pytest.mark.parametrize("command", [[], ["requests"], ["catalog"], ["agent"], ["audit"], ["policy"], ["user"]])
def test_every_command_explains_itself(command):
    assert run.invoke(app, [*command, "--help"]).exit_code == 0
