"""`lockgate vault`, as its keeper and as whoever asks it something uses it."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lockgate.cli import app, client
from lockgate.errors import LockgateError
from lockgate.server import vault_keeping
from lockgate.server.config import load_config, vault_ring
from lockgate.store.vault import open_vault, rotate_vault
from support import PASSWORD

run = CliRunner()


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "lockgate"
    made = run.invoke(app, ["init", str(folder), "--admin", "root", "--password-stdin"], input="a long test password\n")
    assert made.exit_code == 0, made.output
    return folder / "lockgate.yaml"


def vault(config, *words, given=""):
    done = run.invoke(app, ["vault", *words, "--config", str(config)], input=given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def fill(config):
    loaded = load_config(config)
    with open_vault(loaded.vault, vault_ring(loaded)) as opened:
        return opened.surrogates("p1", [("name", f"o{i}", lambda rng: f"n{rng.getrandbits(64)}") for i in range(5)])


# made, shown, given another key -------------------------------------------------------------------------------------
def test_a_vault_is_made_once_with_a_key_file_of_its_own(config):
    printed = vault(config, "init")
    path = config.parent / "state" / "vault.keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(path) in printed.replace("\n", "") and "Keep a copy" in printed
    assert path.read_text() != (config.parent / "state" / "keys").read_text()
    assert path.read_text().partition(":")[2].strip() not in printed
    fill(config)
    found = json.loads(vault(config, "status", "--json"))
    assert (found["patients"], found["surrogates"]) == (1, 5)
    assert found["fingerprint"] in printed
    assert "5 surrogates" in vault(config, "status")
    with pytest.raises(LockgateError, match="there is a vault already"):
        vault(config, "init")


def test_a_lost_key_file_is_said_with_what_to_do_and_no_new_one_is_made_over_it(config):
    vault(config, "init")
    path = config.parent / "state" / "vault.keys"
    path.rename(path.with_name("elsewhere"))
    for words in (("status",), ("rotate",)):
        with pytest.raises(LockgateError, match=r"vault\.keys cannot be read"):
            vault(config, *words)
    with pytest.raises(LockgateError, match="there is a vault already"):
        vault(config, "init")
    assert not path.exists()


def test_before_there_is_a_vault_one_is_told_how_to_make_it(config):
    (config.parent / "state" / "vault.keys").write_text((config.parent / "state" / "keys").read_text())
    (config.parent / "state" / "vault.keys").chmod(0o600)
    with pytest.raises(LockgateError, match="lockgate vault init"):
        vault(config, "status")


def test_a_rotation_leaves_one_key_in_the_file_and_puts_the_old_one_aside(config):
    vault(config, "init")
    before, old = fill(config), (config.parent / "state" / "vault.keys").read_text()
    done = json.loads(vault(config, "rotate", "--json"))
    path = config.parent / "state" / "vault.keys"
    assert done["rows"] == 5 and done["before"] != done["after"]
    assert len(path.read_text().splitlines()) == 1 and path.read_text() != old
    assert (config.parent / "state" / done["aside"]).read_text() == old
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("vault.keys*")} == {0o600}
    assert fill(config) == before
    assert json.loads(vault(config, "status", "--json"))["fingerprint"] == done["after"]


@pytest.mark.parametrize("reached", ["the file", "the rows"])
def test_a_rotation_that_was_cut_off_is_gone_on_with(config, reached):
    vault(config, "init")
    before = fill(config)
    loaded = load_config(config)
    path = config.parent / "state" / "vault.keys"
    path.write_text(vault_ring(loaded).rotated())
    if reached == "the rows":
        rotate_vault(loaded.vault, vault_ring(loaded))
    assert fill(config) == before, "it opens meanwhile"
    wanted = vault_ring(loaded).fingerprint
    assert vault_keeping.rotate(loaded).after == wanted
    assert len(path.read_text().splitlines()) == 1
    assert fill(config) == before


def test_no_database_is_called_vault(config):
    config.write_text(
        config.read_text().replace("connections: {}", "connections:\n  vault: {upstream: x, password: none}")
    )
    with pytest.raises(LockgateError, match="what the vault of surrogates is called"):
        load_config(config)


def test_doctor_says_whether_the_vault_opens(config):
    def said():
        return run.invoke(app, ["doctor", "--config", str(config)]).output

    assert "vault" not in said()
    vault(config, "init")
    assert "the vault opens with the key" in said()
    (config.parent / "state" / "vault.keys").write_text((config.parent / "state" / "keys").read_text())
    assert "vault: the key file has no key" in said()


# from asking to what is shown ---------------------------------------------------------------------------------------
def test_a_surrogate_is_looked_up_with_the_real_command_and_server(newcomer):
    newcomer.says("vault", "init", "--config", newcomer.config)
    loaded = load_config(Path(newcomer.config))
    with open_vault(loaded.vault, vault_ring(loaded)) as opened:
        opened.surrogates("4711", [("name", "ana lopez", lambda _: "Maria Keller")])
    newcomer.log_in("root")
    for name, group in (("vera", "analysts"), ("vito", "privacy"), ("vida", "data-owner")):
        newcomer.says("user", "add", name, "--group", group, "--password-stdin", given=f"{PASSWORD}\n")
    ask = ("vault", "reveal", "Maria Keller", "--patient", "-", "--json")
    newcomer.log_in("vera")
    waiting = json.loads(newcomer.says(*ask, given="4711\n"))
    assert waiting["state"] == "PENDING"
    request = waiting["request"]
    for person in ("vito", "vida"):
        newcomer.log_in(person)
        assert "4711" not in newcomer.says("requests", "show", request)
        newcomer.says("requests", "approve", request, "--yes", "-r", "agreed")
    assert "real" not in newcomer.says("vault", "status", "--config", newcomer.config)
    newcomer.log_in("vera")
    [found] = json.loads(newcomer.says(*ask, given="4711\n"))["revealed"]
    assert found == {"class": "name", "surrogate": "Maria Keller", "original": "ana lopez"}
    assert json.loads(newcomer.says(*ask, given="4711\n"))["state"] == "PENDING", "once"


def test_whoever_waits_is_answered_as_soon_as_people_agree(newcomer):
    newcomer.log_in("vera")
    shutil.copytree(newcomer.home / "config", newcomer.home / "of-vera")  # her session goes on while others log in
    asked = ("reveal", "Maria Keller", "-p", "4711", "-r", "x", "--wait", "2m")
    command = [sys.executable, "-m", "lockgate", "vault", *asked]
    environment = {**newcomer.environment, "XDG_CONFIG_HOME": str(newcomer.home / "of-vera"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as waiting:
        request = waiting.stdout.readline().split()[0]
        for person in ("vito", "vida"):
            newcomer.log_in(person)
            newcomer.says("requests", "approve", request, "--yes", "-r", "agreed")
        printed, _ = waiting.communicate(timeout=60)
    assert "ana lopez" in printed
    newcomer.log_in("vida")
    assert json.loads(newcomer.says("requests", "show", request, "--json"))["state"] == "SUCCEEDED"


# asked --------------------------------------------------------------------------------------------------------------
class Server:
    """Answers as the API does: people agree before the `agrees`-th call."""

    def __init__(self, agrees):
        self.calls, self.agrees = [], agrees

    def __call__(self, method, path, body=None, **_):
        self.calls.append((method, path, body))
        if len(self.calls) < self.agrees:
            return {"state": "PENDING", "request": "req_1", "message": "waiting", "hint": ""}
        revealed = [{"class": "name", "surrogate": "Maria", "original": "ana lopez"}]
        return {"state": "SUCCEEDED", "request": "req_1", "revealed": revealed, "forgotten": 3}


@pytest.fixture
def server(monkeypatch):
    made = Server(agrees=3)
    monkeypatch.setattr("lockgate.cli.vault.call", made)
    return made


def test_whoever_asks_is_told_what_waits_and_to_repeat_it(server):
    done = run.invoke(app, ["vault", "reveal", "Maria", "--patient", "-", "-r", "recall"], input="4711\n")
    assert done.exit_code == 0, done.output
    assert "req_1 waits for people" in done.output and "Repeat exactly this" in done.output
    body = {"patient": "4711", "surrogates": ["Maria"], "reason": "recall", "purpose": "", "wait_s": 0}
    assert server.calls == [("POST", "/vault/reveal", body)]
    assert "4711" not in done.output


def test_whoever_waits_is_shown_the_value_when_people_agree(server):
    done = run.invoke(app, ["vault", "reveal", "Maria", "-p", "4711", "--wait", "8h"])
    assert "ana lopez" in done.output
    assert [body["wait_s"] for _, _, body in server.calls] == [0, 45, 45]
    assert {json.dumps({**body, "wait_s": 0}) for _, _, body in server.calls} == {
        json.dumps({**server.calls[0][2], "wait_s": 0})
    }


def test_for_programs_it_is_json(server):
    done = run.invoke(app, ["vault", "forget", "-p", "4711", "--wait", "1h", "--json"])
    assert json.loads(done.output)["forgotten"] == 3


def test_what_is_sent_fits_what_the_api_takes():
    from lockgate.server.api.vault import LONGEST_WAIT_S

    assert client.TIMEOUT_S > LONGEST_WAIT_S >= 45
