"""A `lockgate serve` that dies, or sees somebody die, at a named step of the path of a held write.

Nothing in the product can be armed: this is a process of the tests, which wraps the product's own functions before
it serves. A plan is a file of one line, `step moment victim`, read at each step and deleted as it is carried out.

Steps: propose, told, vote, consume (after it the intent is durable), sent, answer, outcome. Moments: before, after.
Victims: lockgate, postgres, client; each dies by SIGKILL.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

STEPS = ("propose", "told", "vote", "consume", "sent", "answer", "outcome")
MOMENTS = ("before", "after")
VICTIMS = ("lockgate", "postgres", "client")
PRELOAD = ["lockgate.server.serve", "lockgate.server.config", "crashing", "uvloop"]


class Plan:
    """The control folder: `plan`, `client.pid` and `postmaster` (the path of PostgreSQL's pid file) lie there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._consumed = 0

    def written(self) -> int:
        """When the plan was made; 0 while there is none."""
        try:
            return (self.folder / "plan").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def consumed(self) -> None:
        """A grant was used while this plan was in force."""
        self._consumed = self.written()

    @property
    def underway(self) -> bool:
        return self._consumed != 0 and self._consumed == self.written()

    def reached(self, step: str, moment: str) -> str:
        """Carry the plan out if this is its step; the victim, or an empty string."""
        with contextlib.suppress(FileNotFoundError):
            planned = (self.folder / "plan").read_text().split()
            if planned[:2] == [step, moment]:
                if planned[2] == "lockgate":
                    (self.folder / "plan").unlink()  # nobody could do it afterwards
                self._kill(planned[2])
                (self.folder / "plan").unlink()
                return planned[2]
        return ""

    def _kill(self, victim: str) -> None:
        if victim == "lockgate":
            os.kill(os.getpid(), signal.SIGKILL)
        elif victim == "client":
            os.kill(int((self.folder / "client.pid").read_text()), signal.SIGKILL)
        else:
            kill_postgres(Path((self.folder / "postmaster").read_text()))


def family(pid_file: Path) -> list[int]:
    """The postmaster, first, and each of its children."""
    postmaster = int(pid_file.read_text().split()[0])
    found = [postmaster]
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == postmaster:
                found.append(int(entry.name))
    return found


def kill_postgres(pid_file: Path) -> None:
    """The postmaster and each of its children, as `kill -9` of all of them would."""
    pids = family(pid_file)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while _lives(pids[0]):
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def serve(config: str, control: str) -> None:
    """The process's whole life: arm, then `lockgate serve`."""
    import uvloop

    from lockgate.server.config import load_config
    from lockgate.server.serve import run

    os.setsid()
    arm(Plan(Path(control)))
    uvloop.run(run(load_config(Path(config))))


def arm(plan: Plan) -> None:
    from lockgate.gateways.postgres import connection
    from lockgate.gateways.postgres.session.deciding.admitting import SessionCaller
    from lockgate.gateways.postgres.session.session import Session
    from lockgate.services.approvals import Approvals

    connection.SETTLE_S = 0.5
    for owner, name, step in (
        (Approvals, "propose", "propose"),
        (SessionCaller, "told", "told"),
        (Approvals, "vote", "vote"),
        (Approvals, "consume", "consume"),
        (Approvals, "finish", "outcome"),
    ):
        setattr(owner, name, _around(plan, step, getattr(owner, name)))
    forward, from_upstream = Session.forward, Session.from_upstream

    def sending(self: Any, data: bytes, steps: Any) -> None:
        if plan.underway:
            plan.reached("sent", "before")
        forward(self, data, steps)
        if plan.underway:
            plan.reached("sent", "after")

    def answered(self: Any, data: bytes) -> None:
        if plan.underway and plan.reached("answer", "before") == "postgres":
            return  # the server died with its answer still inside
        from_upstream(self, data)
        if plan.underway:
            plan.reached("answer", "after")

    Session.forward, Session.from_upstream = sending, answered  # type: ignore[method-assign]


def _around(plan: Plan, step: str, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(real)
    async def wrapped(*args: Any, **named: Any) -> Any:
        plan.reached(step, "before")
        result = await real(*args, **named)
        if step == "consume":
            plan.consumed()
        plan.reached(step, "after")
        return result

    return wrapped
