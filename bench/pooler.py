"""pgbouncer beside us: what a relay in C that reads every message costs on the same machine in the same minute."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.served import End, Served
from lockgate.demo.embedded import free_port

START_S = 20


@contextlib.contextmanager
def pgbouncer(world: Served) -> Iterator[End | None]:
    """A pooler in session mode (its 1.18 knows no prepared statements in the others) in front of the same role;
    None where it is not installed."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as name:
        folder = Path(name)
        file = folder / "pgbouncer.ini"
        upstream = f"host={world.server.socket_dir} port={world.server.port} dbname=clinic"
        file.write_text(
            f"[databases]\nclinic = {upstream} user={world.direct.user} password={world.secret}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = session\nignore_startup_parameters = extra_float_digits\n"
            "log_connections = 0\nlog_disconnections = 0\n"
        )
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if account is not None:
            for path in (folder, file):
                os.chown(path, account.pw_uid, account.pw_gid)
        process = subprocess.Popen(
            [program, "-q", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),
        )
        try:
            _wait(port, process)
            yield End(port, world.direct.user, "not looked at", "clinic", world)
        finally:
            process.terminate()
            process.wait(START_S)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("pgbouncer does not start")
