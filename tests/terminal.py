"""psql in a pseudo-terminal, as somebody types to it."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import time
from pathlib import Path

INSERT_COMPLETIONS = "\x1b*"
"""readline's M-*: every possible completion is put into the line, so that the line tells what psql was answered."""
TO_START, ENTER = "\x01", "\r"


def complete(program: Path, url: str, password: str, lines: list[str], folder: Path) -> dict[str, str]:
    """Each line as it stands once every completion has been put in; nothing of it is run.

    A comment is made of the line before Enter, and psql's own history is read at the end: no screen is guessed at.
    """
    history = folder / "history"
    typed = "".join(f"{line}{INSERT_COMPLETIONS}{TO_START}-- {ENTER}" for line in lines)
    keys = f"{typed}\\s {history}{ENTER}\\q{ENTER}"
    environment = {**os.environ, "PGPASSWORD": password, "TERM": "dumb", "INPUTRC": os.devnull, "LC_ALL": "C.UTF-8"}
    environment |= {"PSQL_HISTORY": os.devnull, "PAGER": "cat"}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(program, [str(program), "-X", url], environment)
    try:
        _type(terminal, keys.encode())
    finally:
        os.close(terminal)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    found = [line.removeprefix("-- ") for line in history.read_text().splitlines() if line.startswith("-- ")]
    assert len(found) == len(lines), found
    return dict(zip(lines, found, strict=True))


def _type(terminal: int, keys: bytes, timeout_s: float = 90) -> None:
    """Write as the terminal takes it, read what it shows, until the program ends."""
    until = time.monotonic() + timeout_s
    shown = b""
    while time.monotonic() < until:
        reading, writing, _ = select.select([terminal], [terminal] if keys and b"=> " in shown else [], [], 1.0)
        if reading:
            try:
                more = os.read(terminal, 65536)
            except OSError:  # Linux says EIO once the other side has gone
                return
            if not more:
                return
            shown += more
        if writing:
            keys = keys[os.write(terminal, keys[:256]) :]
    raise AssertionError("psql did not end")
