"""The world in which things die: a PostgreSQL and a `lockgate serve` that are killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import crashing
import httpx
import psycopg
from reviving import start_again

from lockgate.audit import SigningKey
from lockgate.audit.verify import Report
from lockgate.demo import hospital
from lockgate.demo.embedded import EmbeddedPostgres, free_port
from lockgate.policy import write_starters
from lockgate.services.accounts import Accounts
from lockgate.services.catalog import CatalogHolder
from lockgate.services.log_copy import LogCopy
from lockgate.store import open_store, write_key_file
from support import PASSWORD

T = TypeVar("T")


def until(found: Callable[[], T], what: str, tries: int = 600) -> T:
    """Ask again until there is something; a failure says what never came."""
    for _ in range(tries):
        with contextlib.suppress(psycopg.OperationalError, httpx.HTTPError):
            if value := found():
                return value
        threading.Event().wait(0.05)
    raise AssertionError(f"{what} never came")


class Gate:
    """One `lockgate serve` of its own process, over a folder that outlives it."""

    def __init__(self, folder: Path, server: EmbeddedPostgres, password: str, store: str = "") -> None:
        self.folder = folder
        self.server = server
        self.port, self.api_port = free_port(), free_port()
        (folder / "clinic.password").write_text(password)
        self.config = folder / f"lockgate-{self.port}.yaml"
        self.config.write_text(
            f"listen: {{postgres: 127.0.0.1:{self.port}, console: 127.0.0.1:{self.api_port}}}\n"
            "rules: {cooling_s: 0}\n" + (f"store: {store}\n" if store else "") + "connections:\n  clinic:\n"
            f"    upstream: {server.url(hospital.GATEWAY_ROLE, 'clinic')}\n    password: file:clinic.password\n"
        )
        self.control = folder / f"control-{self.port}"
        self.control.mkdir()
        (self.control / "postmaster").write_text(str(server.root / "data" / "postmaster.pid"))
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(crashing.PRELOAD)
        self.process: Any = None

    def start(self) -> None:
        self.process = self._context.Process(
            target=crashing.serve, args=(str(self.config), str(self.control)), daemon=True
        )
        self.process.start()
        until(lambda: self.answers() or not self.process.is_alive(), "the gate")
        assert self.process.is_alive(), "the gate does not start"

    def answers(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.api_port}/api/v1/requests").status_code == 401

    def kill(self) -> None:
        self.process.kill()
        self.process.join(10)


class World:
    """Use as a context manager. `gate` may be dead at any time; `start` brings back what is."""

    def __init__(self, folder: Path, *, shared_store: bool = False) -> None:
        self.folder = folder
        self.server = EmbeddedPostgres()
        self.shared_store = shared_store
        self.gates: list[Gate] = []
        self._session = ""
        self.victim = ""

    def __enter__(self) -> World:
        self.server.start()
        try:
            password = hospital.build(self.server, 20)
            store = ""
            if self.shared_store:
                self.server.psql("CREATE DATABASE store")
                store = self.server.url("postgres", "store").replace("@", f":{self.server.password}@")
            asyncio.run(self._found(store or f"sqlite:///{self.folder}/state/lockgate.db"))
            self.gates = [Gate(self.folder, self.server, password, store) for _ in range(2 if self.shared_store else 1)]
            for gate in self.gates:
                gate.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for gate in self.gates:
            if gate.process is not None:
                gate.kill()
        self.server.stop()

    @property
    def gate(self) -> Gate:
        return self.gates[0]

    async def _found(self, store_url: str) -> None:
        """What `lockgate init` and a first evening leave behind."""
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        keys = write_key_file(state / "keys")
        self.signer = SigningKey.from_seed("faults", b"f" * 32)
        (state / "log.key").touch(mode=0o600)
        (state / "log.key").write_text(self.signer.to_text() + "\n")
        write_starters(["ai-agents"], self.folder / "policies")
        async with open_store(store_url, keys=keys) as store:
            accounts = Accounts(store)
            for name, groups in (("root", ["admins"]), ("ana", ["analysts"]), ("rita", ["privacy"])):
                await accounts.create_user(name, PASSWORD, by="init", groups=groups)
            await accounts.create_agent("bot", ["local:ana"], by="local:ana", groups=["agents"])
            await CatalogHolder(store).accept("clinic", hospital.CATALOG.read_text(), by="init")
            self.token = (await accounts.connection_token("local:bot", "clinic", by="local:ana")).token

    # who acts ----------------------------------------------------------------------------------------------------
    def client(self, script: str, gate: Gate | None = None) -> subprocess.Popen[str]:
        """psql, the agent's, running the script; it can be killed like anything else."""
        gate = gate or self.gate
        process = subprocess.Popen(
            [
                str(self.server.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose",
                "-f", "-", f"postgresql://bot@127.0.0.1:{gate.port}/clinic",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PGPASSWORD": self.token},
        )  # fmt: skip
        (gate.control / "client.pid").write_text(str(process.pid))
        assert process.stdin is not None
        process.stdin.write(script)
        process.stdin.close()
        process.stdin = None
        return process

    def api(self, method: str, path: str, body: Any = None, gate: Gate | None = None) -> httpx.Response:
        """As rita, who reviews."""
        base = f"http://127.0.0.1:{(gate or self.gate).api_port}/api/v1"
        if not self._session:
            told = httpx.post(f"{base}/login", json={"user": "rita", "password": PASSWORD}, timeout=20)
            self._session = told.json()["token"]
        return httpx.request(
            method, base + path, json=body, headers={"authorization": f"Bearer {self._session}"}, timeout=20
        )

    def request(self, title: str) -> dict[str, Any] | None:
        """The newest request that is about this title's statement: its view names no literal, so by what is new."""
        known = self.known
        found = [r for r in self.api("GET", "/requests").json() if r["id"] not in known]
        return found[0] if found else None

    @property
    def known(self) -> set[str]:
        return self.__dict__.setdefault("_known", set())

    def forget_requests(self) -> None:
        """Whatever was asked for so far is none of the next schedule's."""
        self.known.update(r["id"] for r in self.api("GET", "/requests?limit=500").json())

    def vote(self, request: dict[str, Any], *, approve: bool = True) -> bool:
        """Whether the vote was acknowledged."""
        body = {
            "approve": approve,
            "reason": "checked",
            "action_digest": request["action_digest"],
            "view_digest": request["view_digest"],
        }
        try:
            return self.api("POST", f"/requests/{request['id']}/vote", body).is_success
        except httpx.HTTPError:
            return False

    # what dies and comes back --------------------------------------------------------------------------------------
    def plan(self, step: str, moment: str, victim: str) -> None:
        self.victim = victim
        (self.gate.control / "plan").write_text(f"{step} {moment} {victim}")

    def kill_postgres(self) -> None:
        crashing.kill_postgres(self.server.root / "data" / "postmaster.pid")

    def carried_out(self) -> bool:
        return not (self.gate.control / "plan").exists()

    def revive(self) -> None:
        """Start again whatever was killed."""
        if self.victim == "lockgate" and self.carried_out():
            self.gate.process.join(30)
            self.victim = ""
        for gate in self.gates:
            if not gate.process.is_alive():
                gate.start()
        with contextlib.suppress(psycopg.OperationalError), self.direct():
            return
        start_again(self.server)

    # what is looked at ---------------------------------------------------------------------------------------------
    def direct(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self.server.url("postgres", "clinic"), password=self.server.password, autocommit=True, connect_timeout=5
        )

    def effects(self, title: str) -> list[str]:
        """The transactions that have done it: one each time it was executed."""
        with self.direct() as direct:
            return [row[0] for row in direct.execute("SELECT xmin::text FROM task WHERE title = %s", (title,))]

    def events(self, kind: str) -> list[dict[str, Any]]:
        import sqlite3

        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/state/lockgate.db?mode=ro", uri=True)) as conn:
            rows = conn.execute("SELECT leaf FROM events WHERE type = ? ORDER BY seq", (kind,)).fetchall()
        return [json.loads(row[0])["body"] for row in rows]

    def verify(self) -> Report:
        return LogCopy(self.folder / "state" / "lockgate.db").verify([self.signer.verifier], [])


__all__ = ["Gate", "World", "until"]
assert sys.platform == "linux", "the schedules read /proc"
