"""Somebody at a shell, with the real command in this process and a home of their own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import NamedTuple
from unittest import mock

from lockgate.cli import main
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
