"""A server in a process of its own, set up and used with the real command."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import free_port
from newcomer import Newcomer
from support import PASSWORD


@pytest.fixture(scope="module")
def newcomer(hospital, tmp_path_factory):
    """After `init` and `serve`, with one connection and nobody but the administrator root."""
    home = tmp_path_factory.mktemp("home")
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
    (home / "lg" / "lockgate.yaml").write_text(text)
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
