"""`lockgate requests watch`: a line for each request that is new, and for each whose state changes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import typer

from lockgate.cli.client import call
from lockgate.cli.show import Json, console
from lockgate.errors import AuthenticationError, LockgateError

WAITING, NEWEST = "/requests?state=pending&limit=500", "/requests?limit=500"
WAITS, GONE = "PENDING", "no longer waits"


class Change(NamedTuple):
    id: str
    state: str
    before: str
    """Empty for one that is new here."""
    risk: str
    sentence: str


@dataclass(slots=True)
class Watched:
    """What was last seen of each request."""

    known: dict[str, Change] = field(default_factory=dict)
    begun: bool = False

    def look(self, waiting: Iterable[Mapping[str, Any]], newest: Iterable[Mapping[str, Any]]) -> list[Change]:
        """What changed since the last look, the oldest first. At the first look: what waits. `newest` is the younger
        list: what both have is as it says.

        What waited and is in neither list any more has been decided so long ago that newer ones fill the list.
        """
        rows = {str(row["id"]): row for row in [*waiting, *newest]}
        changes: list[Change] = []
        for row in sorted(rows.values(), key=lambda row: int(row["created_at"])):
            last = self.known.get(str(row["id"]))
            now = Change(str(row["id"]), str(row["state"]), last.state if last else "", row["risk"], row["sentence"])
            self.known[now.id] = now
            if now.state != now.before and (self.begun or now.state == WAITS):
                changes.append(now)
        for id in self.known.keys() - rows.keys():
            last = self.known.pop(id)
            if last.state == WAITS:
                changes.append(Change(id, GONE, WAITS, last.risk, last.sentence))
        self.begun = True
        return changes


def watch(
    every: Annotated[float, typer.Option("--every", min=0.2, max=3600, help="seconds between looks")] = 2.0,
    bell: Annotated[bool, typer.Option("--bell", help="ring the terminal's bell when a new one waits")] = False,
    once: Annotated[bool, typer.Option("--once", help="say what waits and end")] = False,
    as_json: Json = False,
) -> None:
    """A server that does not answer is said once, and asked on; a session that has ended ends this."""
    watched, is_lost = Watched(), False
    try:
        while True:
            try:
                # In this order: what is decided in between is in the second, as decided.
                waiting, newest = call("GET", WAITING), call("GET", NEWEST)
            except AuthenticationError:
                raise
            except LockgateError as error:
                if once:
                    raise
                if not is_lost:
                    typer.echo(f"{error.message}; asking on every {every:g} s", err=True)
                is_lost = True
            else:
                if is_lost:
                    typer.echo("it answers again", err=True)
                is_lost = False
                for change in watched.look(waiting, newest):
                    _say(change, as_json)
                    if bell and change.state == WAITS:
                        typer.echo("\a", nl=False, err=True)
            if once:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        return


def _say(change: Change, as_json: bool) -> None:
    now = datetime.now().astimezone()
    if as_json:
        print(json.dumps({"at": now.isoformat(timespec="seconds"), **change._asdict()}, sort_keys=True), flush=True)
        return
    console.print(f"{now:%H:%M:%S}  {change.id}  {change.state:<9}  {change.risk:<6}  {change.sentence}", markup=False)
