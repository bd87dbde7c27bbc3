"""The demo's world with Lockgate in a process of its own, as `lockgate serve`, and tables that are worth measuring."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockgate.demo import hospital
from lockgate.demo.world import AGENT, START_S, World

ACCOUNTS_CATALOG = "public.pgbench_accounts: {aid: none, bid: none, abalance: none, filler: none}\n" + "".join(
    f"public.pgbench_{table}: {{}}\n" for table in ("branches", "history", "tellers")
)


@dataclass(frozen=True)
class End:
    """Where a client connects to; without a password, a fresh token is its password."""

    port: int
    user: str
    password: str
    database: str
    world: World

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PGPASSWORD": self.password or self.world.token(self.database)}


class Served(World):
    """Connections `clinic` (audit `shape`) and `each`; `direct` is the same role without Lockgate between."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(500, {"clinic": "shape", "each": "each"}, settings)
        self.process: subprocess.Popen[bytes] | None = None
        self._catalog = hospital.CATALOG.read_text()

    def serve(self, file: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lockgate", "serve", "--config", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "serve.log").open("wb"),
        )
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.api_port), 1):
                return
            time.sleep(0.05)
        raise SystemExit(f"lockgate serve does not start: {(self.folder / 'serve.log').read_text()[-2000:]}")

    def stop_lockgate(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(START_S)
            self.process = None

    def table(self, sql: str, catalog: str) -> None:
        """Make tables and accept their classes on both connections."""
        self.server.psql(sql, database="clinic")
        self._catalog += catalog
        for name in self.audits:
            self.api("root", "POST", f"/catalog/{name}", {"yaml": self._catalog})

    @property
    def direct(self) -> End:
        return End(self.server.port, hospital.GATEWAY_ROLE, self.secret, "clinic", self)

    def end(self, connection: str) -> End:
        return End(self.port, AGENT, "", connection, self)

    @property
    def secret(self) -> str:
        return (self.folder / "lockgate" / "state" / "clinic.password").read_text()

    def session(self, person: str) -> str:
        """The token of this person's interactive session, for a client of one's own; `api` has logged them in."""
        return self._sessions[person]

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)

    @property
    def resident_mb(self) -> float:
        """What the gateway's process holds in memory now."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0
