"""The story, told while it happens: each scene does something real and checks what came of it."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from lockgate.demo.world import AGENT, World
from lockgate.errors import LockgateError, Refused

EXPORT = (
    "COPY (SELECT p.id, p.name, p.ssn, d.code FROM patient p JOIN encounter e ON e.patient_id = p.id"
    " JOIN diagnosis d ON d.encounter_id = e.id) TO STDOUT"
)
REQUEST = re.compile(r"req_\w+")
WAIT_S = 30


class Plot(Exception):
    """The story did not go as it must; the demo fails."""


class Story:
    """Plays the six scenes on a world that is up."""

    def __init__(self, world: World, console: Console, keep: Path) -> None:
        self.world, self.console, self.keep = world, console, keep

    def play(self) -> None:
        for number, (title, scene) in enumerate(
            (
                ("An agent reads patients", self.reading),
                ("It tries an export, and is told to wait", self.exporting),
                ("A grant needs two people; a drop nobody is asked about", self.power),
                ("Proof, without asking anybody", self.proving),
            ),
            1,
        ):
            self.console.rule(f"[bold]{number}. {title}", align="left")
            scene()

    # scenes -----------------------------------------------------------------------------------------------------
    def reading(self) -> None:
        self.say(f"{AGENT} is an AI agent owned by Ana. It asks the hospital's database, with psql, through Lockgate:")
        shown = self.run("SELECT id, mrn, name, born, ssn, city FROM patient ORDER BY id LIMIT 3")
        self.check("NAME-" in shown.stdout and "SSN-" in shown.stdout, "names and numbers are tokens")
        self.say("Joins still work, types are kept, and what is no PHI comes out exactly as from the server:")
        self.run(
            "SELECT w.name AS ward, count(*) AS stays, round(avg(e.cost), 2) AS cost, count(DISTINCT p.name) AS names"
            " FROM encounter e JOIN ward w ON w.id = e.ward_id JOIN patient p ON p.id = e.patient_id GROUP BY 1 ORDER BY 1"
        )
        self.say("Clever expressions do not help; every output is traced to its columns by PostgreSQL itself:")
        clever = self.run("SELECT reverse(ssn), to_jsonb(p) -> 'name', p::text FROM patient p LIMIT 1")
        self.check("[SSN]" in clever.stdout, "computed values are masked too")
        self.say("Free text is read by a detector:")
        self.run("SELECT body FROM note ORDER BY id LIMIT 1")

    def exporting(self) -> None:
        self.say("The export is held. The client is told at once, and waits:")
        held = self.hold(EXPORT)
        request = held.request
        self.say("Ana owns the agent. She tries to approve it herself:")
        self.refused("ana", request, "its own owner")
        self.say("Max is an administrator and a reviewer; but he accepted Ana's agent's rules this morning:")
        self.world.api("max", "POST", "/catalog/clinic", {"yaml": self.loosened()})
        self.refused("max", request, "an administrator who changed what it rests on")
        self.say("Rita is a reviewer with no part in it. This is what she sees, and all that she sees:")
        self.world.login_cli("rita")
        self.print(self.world.run("requests", "show", request).stdout)
        self.approve("rita", request)
        done = held.finish()
        lines = done.stdout.splitlines()
        self.check(
            len(lines) > 1000 and all("\tSSN-" in line or "\t[SSN]" in line for line in lines), "the copy is masked"
        )
        self.say(f"It ran once: {len(lines):,} rows, masked. Its first line: {lines[0]}")
        again = self.hold(EXPORT)
        self.check(again.request != request, "running it again asks again")
        self.say(f"Running it again asks again ({again.request}). Rita says no:")
        self.vote("rita", again.request, approve=False, reason="once is enough")
        self.print(again.finish().stderr.strip().splitlines()[-3:])

    def power(self) -> None:
        held = self.hold("GRANT SELECT ON task TO reporting")
        self.approve("rita", held.request)
        self.check(self.state(held.request) == "PENDING", "one person is not enough")
        self.say("One person is not enough. Dora, of the data owners, is the second:")
        self.approve("dora", held.request)
        self.check(held.finish().returncode == 0, "the grant ran")
        self.say("A DROP is forbidden by policy, so nobody is asked:")
        before = self.world.api("rita", "GET", "/requests")
        dropped = self.run("DROP TABLE task")
        self.check(dropped.returncode != 0 and "LG002" in dropped.stderr, "the drop is refused")
        self.check(len(self.world.api("rita", "GET", "/requests")) == len(before), "and no request was opened")

    def proving(self) -> None:
        event = self.world.api("rita", "GET", "/audit/events?type=grant.consumed&limit=1000")[0]
        receipt = self.keep / f"{event['id']}.tlog-proof"
        receipt.write_text(self.world.api("rita", "GET", f"/audit/events/{event['id']}/proof"))
        time.sleep(1.2)  # outcomes are written behind the client's back, and signed within a second
        self.world.stop_lockgate()
        log, public = self.keep / "lockgate.db", self.keep / "log.pub"
        shutil.copy(self.world.store, log)
        shutil.copy(self.world.folder / "lockgate" / "log.pub", public)
        verified = self.world.run("audit", "verify", str(log), "--key", str(public))
        self.print(verified.stdout)
        self.check(verified.returncode == 3, "the log verifies")
        checked = self.world.run("audit", "check", str(receipt), "--key", str(public))
        self.check(checked.returncode == 0, "the receipt checks offline")
        self.say(f"The receipt of Rita's approval being used checks offline: {checked.stdout.splitlines()[0]}")
        self.say("Now one byte of one event is changed, on a copy:")
        broken = self.keep / "changed.db"
        shutil.copy(log, broken)
        _change_one_byte(broken)
        found = self.world.run("audit", "verify", str(broken), "--key", str(public))
        self.print(found.stdout)
        self.check(found.returncode == 1 and "was changed" in found.stdout, "verify says where")

    # helpers ----------------------------------------------------------------------------------------------------
    def say(self, text: str) -> None:
        self.console.print(f"\n[cyan]{text}", soft_wrap=True)

    def print(self, text: str | list[str]) -> None:
        for line in text.splitlines() if isinstance(text, str) else text:
            self.console.print(f"    {line}", markup=False, soft_wrap=True)

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            raise Plot(f"not so: {what}")

    def run(self, sql: str) -> subprocess.CompletedProcess[str]:
        self.console.print(f"  [bold]clinic=>[/bold] {sql}", soft_wrap=True)
        done = self.world.psql(sql)
        self.print(done.stderr + done.stdout)
        return done

    def hold(self, sql: str) -> Held:
        self.console.print(f"  [bold]clinic=>[/bold] {sql}", soft_wrap=True)
        held = Held(self.world, sql)
        self.print(held.notice.strip())
        return held

    def state(self, request: str) -> str:
        return str(self.world.api("rita", "GET", f"/requests/{request}")["state"])

    def vote(self, person: str, request: str, *, approve: bool, reason: str) -> Any:
        view = self.world.api(person, "GET", f"/requests/{request}")
        body = {
            "approve": approve,
            "reason": reason,
            "action_digest": view["action_digest"],
            "view_digest": view["view_digest"],
        }
        return self.world.api(person, "POST", f"/requests/{request}/vote", body)

    def approve(self, person: str, request: str) -> None:
        state = self.vote(person, request, approve=True, reason="agreed for the quarterly review")["state"]
        self.console.print(f"  {person} approves: [green]{state}")

    def refused(self, person: str, request: str, who: str) -> None:
        try:
            self.vote(person, request, approve=True, reason="it is fine")
        except Refused as error:
            self.console.print(f"  {person} approves: [red]refused[/red], {error.message}", soft_wrap=True)
            return
        raise Plot(f"{who} could approve")

    def loosened(self) -> str:
        text = str(self.world.api("max", "GET", "/catalog/clinic")["yaml"])
        return text.replace("npi: license", "npi: none")


class Held:
    """A statement that waits, in a psql of its own."""

    def __init__(self, world: World, sql: str) -> None:
        self.notice = ""
        self.request = ""
        self._told = threading.Event()
        self._result: subprocess.CompletedProcess[str] | None = None
        self._thread = threading.Thread(target=self._run, args=(world, sql), daemon=True)
        self._thread.start()
        if not self._told.wait(WAIT_S):
            raise Plot("the client was not told that it waits")

    def _run(self, world: World, sql: str) -> None:
        try:
            self._result = world.psql(sql, on_notice=self._heard)
        except LockgateError as error:
            self.notice = error.message
        finally:
            self._told.set()

    def _heard(self, line: str) -> None:
        if found := REQUEST.search(line):
            self.notice, self.request = self.notice or line, self.request or found.group()
            self._told.set()

    def finish(self) -> subprocess.CompletedProcess[str]:
        self._thread.join(WAIT_S)
        if self._result is None:
            raise Plot("the statement did not finish")
        return self._result


def _change_one_byte(store: Path) -> None:
    """In the file itself, inside of one vote's bytes; no SQL writes anything."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as conn:
        leaf = bytes(conn.execute("SELECT leaf FROM events WHERE type = 'vote' ORDER BY seq DESC").fetchone()[0])
    changed = leaf.replace(b'"type":"vote"', b'"type":"vOte"', 1)
    store.write_bytes(store.read_bytes().replace(leaf, changed))
