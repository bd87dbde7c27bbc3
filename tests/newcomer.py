"""Somebody at a shell, with the real command in this process and a home of their own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from typing import NamedTuple
from unittest import mock

from lockgate.cli import main
from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import free_port
from support import PASSWORD


class Done(NamedTuple):
    status: int
    out: str
    err: str


class Newcomer:
    """Somebody at a shell with a home of their own."""

    def __init__(self, home, ports):
        self.home, (self.postgres, self.console) = home, ports
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(home / "config"), "COLUMNS": "200"}

    @property
    def config(self):
        return str(self.home / "lg" / "lockgate.yaml")

    def lockgate(self, *words, given=""):
        """The command's own entry point, with the arguments, home and input of this person."""
        out, err, status = io.StringIO(), io.StringIO(), 0
        with (
            mock.patch.object(sys, "argv", ["lockgate", *words]),
            mock.patch.object(sys, "stdin", io.StringIO(given)),
            mock.patch.dict(os.environ, self.environment),
            contextlib.chdir(self.home),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as ended:
                status = int(ended.code or 0)
        return Done(status, out.getvalue(), err.getvalue())

    def says(self, *words, given=""):
        done = self.lockgate(*words, given=given)
        assert done.status == 0, done.err + done.out
        return done.out

    def fails(self, *words, given=""):
        """Standard error of a command that fails as it should: some lines, never a traceback."""
        done = self.lockgate(*words, given=given)
        assert done.status in (1, 2), done.out
        return done.err

    def log_in(self, name, *, ca="lg/tls/ca.pem"):
        url = f"https://localhost:{self.console}"
        return self.says("login", name, "--url", url, "--ca", ca, "--password-stdin", given=f"{PASSWORD}\n")


@contextlib.contextmanager
def serving(hospital, home, more=""):
    """Such a newcomer, with `more` at the end of the configuration."""
    who = Newcomer(home, (free_port(), free_port()))
    printed = who.says("init", "lg", "--admin", "root", "--password-stdin", given=f"{PASSWORD}\n")
    assert "write it down elsewhere" in printed
    (home / "lg" / "state" / "clinic").write_text(hospital.password)
    text = (home / "lg" / "lockgate.yaml").read_text()
    text = text.replace("127.0.0.1:6432", f"127.0.0.1:{who.postgres}")
    text = text.replace("console: 127.0.0.1:8443", f"console: 127.0.0.1:{who.console}")
    upstream = hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic")
    text = text.replace(
        "connections: {}", f"connections:\n  clinic: {{upstream: '{upstream}', password: 'file:state/clinic'}}"
    )
    (home / "lg" / "lockgate.yaml").write_text(text + more)
    server = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "serve", "--config", who.config],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=who.environment,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "listening" in line:
            break
    assert server.poll() is None
    yield who
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
