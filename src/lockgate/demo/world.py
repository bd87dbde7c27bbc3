"""The demo's world: PostgreSQL, hospital, an installation of Lockgate made by its own `init`, and the people in it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

from lockgate.cli.client import call
from lockgate.demo import hospital
from lockgate.demo.embedded import EmbeddedPostgres, free_port
from lockgate.server.config import load_config
from lockgate.server.serve import Running, start

PEOPLE = {
    "root": ["admins"],
    "ana": ["analysts"],  # owns the agent
    "max": ["admins", "privacy"],  # a reviewer and an administrator, who handed out the agent's token
    "rita": ["privacy"],
    "dora": ["data-owner"],
}
AGENT = "billing-bot"
START_S = 60


class World:
    """`with World(patients) as world:`; `stop` deletes everything but `keep`.

    `audits` makes a connection for each name, all to the same hospital, with that setting of `audit`.
    `settings` are PostgreSQL's, beside the embedded server's own.
    """

    def __init__(
        self,
        patients: int = 10_000,
        audits: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.patients = patients
        self.audits = dict(audits or {"clinic": "shape"})
        self.server = EmbeddedPostgres(settings)
        self.folder = Path(tempfile.mkdtemp(prefix="lockgate-demo-"))
        self.passwords = {name: secrets.token_urlsafe(12) for name in PEOPLE}
        self.url = ""
        self.port = self.api_port = 0
        self._sessions: dict[str, str] = {}
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._running: Running | None = None

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def store(self) -> Path:
        return self.folder / "lockgate" / "state" / "lockgate.db"

    @property
    def ca(self) -> str:
        return str(self.folder / "lockgate" / "tls" / "ca.pem")

    def _start(self) -> None:
        self.server.start()
        password = hospital.build(self.server, self.patients)
        home = self.folder / "lockgate"
        self.run(
            "init",
            str(home),
            "--admin",
            "root",
            "--starter",
            "ai-agents",
            "--password-stdin",
            typed=self.passwords["root"],
        )
        secret = home / "state" / "clinic.password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        self.port, self.api_port = free_port(), free_port()
        api = self.api_port
        (home / "lockgate.yaml").write_text(
            f"public_url: https://localhost:{api}\n"
            f"listen: {{postgres: 127.0.0.1:{self.port}, console: 127.0.0.1:{api}}}\n"
            "tls: {cert: tls/server.pem, key: tls/server.key}\n"
            "rules: {cooling_s: 0}   # a first evening; an hour is the default\n"
            "connections:\n"
            + "".join(
                f"  {name}:\n"
                f"    upstream: {self.server.url(hospital.GATEWAY_ROLE, 'clinic')}?host={self.server.socket_dir}\n"
                "    password: file:state/clinic.password\n"
                f"    audit: {audit}\n"
                for name, audit in self.audits.items()
            )
        )
        self.serve(home / "lockgate.yaml")
        self.url = f"https://localhost:{api}"
        self._populate()

    def serve(self, file: Path) -> None:
        """Lockgate up, in this process; the benchmarks give it one of its own."""
        self._thread.start()
        self._running = asyncio.run_coroutine_threadsafe(start(load_config(file)), self._loop).result(START_S)

    def _populate(self) -> None:
        for name, groups in PEOPLE.items():
            if name != "root":
                self.api("root", "POST", "/users", {"name": name, "password": self.passwords[name], "groups": groups})
        self.api("ana", "POST", "/agents", {"name": AGENT})
        for name in self.audits:
            self.api("root", "POST", f"/catalog/{name}", {"yaml": hospital.CATALOG.read_text()})

    # what the story uses ------------------------------------------------------------------------------------------
    def api(self, person: str, method: str, path: str, body: Any = None) -> Any:
        """One call of the HTTP API as this person, logged in with their password."""
        if person not in self._sessions:
            answer = call(
                "POST",
                "/login",
                {"user": person, "password": self.passwords[person]},
                url=self.url,
                ca=self.ca,
                token="",
            )
            self._sessions[person] = answer["token"]
        return call(method, path, body, url=self.url, ca=self.ca, token=self._sessions[person])

    def token(self, connection: str = "clinic") -> str:
        """A one-hour connection token of the agent, minted by its owner."""
        asked = {"connection": connection, "account": f"local:{AGENT}"}
        return str(self.api("ana", "POST", "/tokens", asked)["token"])

    def psql(self, *commands: str, on_notice: Callable[[str], None] | None = None) -> subprocess.CompletedProcess[str]:
        """The agent's psql, through the gateway. The wheel's psql has no TLS; loopback needs none."""
        arguments = [str(self.server.bin / "psql"), "-X", "-q", "-P", "pager=off"]
        for command in commands:
            arguments += ["-c", command]
        with subprocess.Popen(  # noqa: S603 - our own program and arguments
            [*arguments, f"postgresql://{AGENT}@127.0.0.1:{self.port}/clinic"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PGPASSWORD": self.token()},
        ) as process:
            said: list[str] = []
            assert process.stderr is not None and process.stdout is not None
            reader = threading.Thread(target=lambda: _lines(process.stderr, said, on_notice), daemon=True)
            reader.start()
            out = process.stdout.read()
            reader.join(30)
        return subprocess.CompletedProcess(arguments, process.returncode, out, "".join(said))

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Our own command line, as somebody would type it."""
        return subprocess.run(  # noqa: S603 - our own program and arguments
            [sys.executable, "-m", "lockgate", *arguments],
            input=typed + "\n",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config"), "COLUMNS": "110"},
        )

    def login_cli(self, person: str) -> None:
        path = self.folder / "config" / "lockgate" / "session.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.api(person, "GET", "/me")
        path.write_text(json.dumps({"url": self.url, "ca": self.ca, "token": self._sessions[person], "person": person}))
        path.chmod(0o600)

    def stop_lockgate(self) -> None:
        """Stop the gateways and the API; the log is signed to its end."""
        if self._running is not None:
            asyncio.run_coroutine_threadsafe(self._running.stop(), self._loop).result(START_S)
            self._running = None

    def stop(self, *, keep: bool = False) -> None:
        self.stop_lockgate()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self.server.stop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def _lines(stream: Any, said: list[str], on_line: Callable[[str], None] | None) -> None:
    for line in stream:
        said.append(line)
        if on_line is not None:
            on_line(line)


__all__ = ["AGENT", "PEOPLE", "World"]
