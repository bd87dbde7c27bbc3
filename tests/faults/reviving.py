"""A PostgreSQL that was killed starts again over its own data, on its own port."""

from __future__ import annotations

import threading

from lockgate.demo.embedded import SETTINGS, EmbeddedPostgres


def start_again(server: EmbeddedPostgres) -> None:
    """Returns once it answers."""
    settings = {**SETTINGS, "listen_addresses": "127.0.0.1", "unix_socket_directories": server.socket_dir}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    for _ in range(50):
        # The memory of the dead one may be held for a moment by a child that is dying.
        done = server._run(
            server._programs() / "pg_ctl", "-D", server.root / "data", "-l", server.root / "data" / "server.log",
            "-o", f"-p {server.port} {options}", "-w", "start", check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return
        threading.Event().wait(0.1)
    raise AssertionError("PostgreSQL does not come back")
