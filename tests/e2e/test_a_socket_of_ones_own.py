"""`lockgate connect`: real processes from end to end. A client opens a socket and needs no secret at all."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import free_port

LOCKGATE = [sys.executable, "-c", "from lockgate.cli import main; main()"]
PASSWORD = "a long test password"
SECRETS = re.compile(rb"lg[a-z]_[A-Za-z0-9_-]{16,}|" + PASSWORD.encode())


class Installation:
    """A folder made by `lockgate init`, its `serve` and `connect`, each a process of its own."""

    def __init__(self, folder: Path, hospital) -> None:
        self.folder = folder / "lg"
        self.socket_dir = folder / "socket"
        self.key = folder / "key"
        self.postgres, self.api = free_port(), free_port()
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "home"), "CLINIC_PASSWORD": hospital.password}
        self.serving: subprocess.Popen[bytes] | None = None
        self.connecting: subprocess.Popen[bytes] | None = None
        self.run("init", str(self.folder), "--admin", "root", "--password-stdin")
        config = self.folder / "lockgate.yaml"
        text = config.read_text().replace(":6432", f":{self.postgres}").replace(":8443", f":{self.api}")
        upstream = hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic")
        mine = f"connections:\n  clinic:\n    upstream: {upstream}\n    password: env:CLINIC_PASSWORD\n"
        config.write_text(text.replace("connections: {}\n", mine))

    @property
    def url(self) -> str:
        return f"https://localhost:{self.api}"

    @property
    def ca(self) -> str:
        return str(self.folder / "tls" / "ca.pem")

    def run(self, *arguments: str, input: str = PASSWORD + "\n") -> str:
        done = subprocess.run(
            [*LOCKGATE, *arguments], input=input, capture_output=True, text=True, env=self.environment, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        output = (self.folder / f"{arguments[0]}.log").open("ab")
        return subprocess.Popen([*LOCKGATE, *arguments], env=self.environment, stdout=output, stderr=output)

    def serve(self) -> None:
        self.serving = self.start("serve", "--config", str(self.folder / "lockgate.yaml"))
        self.until(lambda: self.run("login", "root", "--url", self.url, "--ca", self.ca, "--password-stdin"))

    def connect(self) -> None:
        self.connecting = self.start(
            "connect", "clinic", "--key", f"file:{self.key}", "--url", self.url, "--ca", self.ca,
            "--gateway", f"localhost:{self.postgres}", "--folder", str(self.socket_dir),
        )  # fmt: skip
        self.until(lambda: self.client().close())

    def client(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_dir), dbname="clinic", user="whoever", autocommit=True)

    def until(self, works):
        """What `works` returns, once it does: a process has to come up first."""
        for _ in range(120):
            try:
                return works()
            except (AssertionError, psycopg.Error) as error:
                last = error
            assert self.serving is None or self.serving.poll() is None, (self.folder / "serve.log").read_text()
            threading.Event().wait(0.25)
        raise last

    def tokens(self) -> int:
        with sqlite3.connect(f"file:{self.folder}/state/lockgate.db?mode=ro", uri=True) as store:
            return store.execute("SELECT count(*) FROM credentials WHERE kind = 'connection'").fetchone()[0]

    def stop(self) -> None:
        for process in (self.connecting, self.serving):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(20)


@pytest.fixture(scope="module")
def installation(hospital, tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("connect"), hospital)
    try:
        made.serve()
        catalog = made.folder / "catalog.yaml"
        catalog.write_text(hospital_data.CATALOG.read_text())
        made.run("catalog", "accept", "clinic", str(catalog))
        made.run("agent", "add", "bot")
        made.key.touch(mode=0o600)
        made.key.write_text(made.run("agent", "key", "bot"))
        made.connect()
        yield made
    finally:
        made.stop()


def again_and_again(client, sql):
    for _ in range(100):
        client.execute(sql)


def test_the_socket_is_its_owners_alone(installation):
    assert (installation.socket_dir / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o600
    assert installation.socket_dir.stat().st_mode & 0o777 == 0o700


def test_psql_and_psycopg_go_through_it_without_a_secret(installation, hospital):
    done = subprocess.run(
        [str(hospital.server.bin / "psql"), "-X", "-A", "-t", "-h", str(installation.socket_dir), "-U", "me", "clinic",
         "-c", "SELECT id, name FROM patient ORDER BY id LIMIT 3"],
        capture_output=True, text=True, env={**os.environ, "PGPASSWORD": ""}, check=False,
    )  # fmt: skip
    assert [line.split("|")[0] for line in done.stdout.split()] == ["1", "2", "3"], done.stderr
    assert all(line.split("|")[1].startswith("NAME-") for line in done.stdout.split())
    with installation.client() as client:
        assert (
            client.execute("SELECT current_setting('application_name')").fetchone()[0].startswith("lockgate local:bot")
        )


def test_each_connection_has_a_token_of_its_own_fetched_with_the_key(installation):
    before = installation.tokens()
    for _ in range(3):
        installation.client().close()
    assert installation.tokens() == before + 3


def test_a_client_cancels_through_it(installation):
    with installation.client() as client:
        threading.Timer(0.3, client.cancel_safe).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            again_and_again(client, "SELECT pg_sleep(1)")


def test_no_secret_stands_in_the_arguments_of_any_process(installation):
    with installation.client():
        arguments = b"".join(
            found for path in Path("/proc").glob("[0-9]*/cmdline") if (found := _read(path)) and b"lockgate" in found
        )
    assert b"connect" in arguments
    assert not SECRETS.search(arguments)
    assert SECRETS.search(installation.key.read_bytes()), "the pattern knows what a key looks like"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_killed_upstream_ends_the_client_and_nothing_else(installation, hospital):
    with installation.client() as client:
        client.execute("SELECT 1")
        hospital.superuser(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lockgate local:bot%'"
        )
        with pytest.raises(psycopg.OperationalError):
            again_and_again(client, "SELECT 1")
    with installation.client() as client:
        assert client.execute("SELECT count(*) FROM ward").fetchone() == (6,)


def test_a_gateway_that_is_gone_is_said_and_found_again(installation):
    with installation.client() as client:
        client.execute("SELECT 1")
        installation.serving.kill()
        installation.serving.wait(20)
        with pytest.raises(psycopg.OperationalError):
            again_and_again(client, "SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not answer"):
        installation.client()
    installation.serve()
    with installation.client() as client:
        assert client.execute("SELECT count(*) FROM ward").fetchone() == (6,)


def test_a_deactivated_agent_is_told_so(installation):
    installation.run("user", "deactivate", "bot")
    with pytest.raises(psycopg.OperationalError, match="no such key"):
        installation.client()


def test_a_key_is_no_argument_and_its_file_is_closed(installation, tmp_path):
    key = tmp_path / "open"
    key.write_text("x")
    key.chmod(0o644)
    for given, says in (("lgk_0123456789abcdef", "never the key itself"), (f"file:{key}", "chmod 600")):
        done = subprocess.run(
            [*LOCKGATE, "connect", "clinic", "--key", given], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert says in done.stderr
