"""`lockgate kill-switch`: stop everything at once; going on takes two people."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from lockgate.cli.client import call
from lockgate.cli.show import console


class State(StrEnum):
    ON = "on"
    OFF = "off"


def register(app: typer.Typer) -> None:
    app.command(
        "kill-switch",
        help="Stop everything (on), or agree to go on (off). Example: `lockgate kill-switch on -r 'leak suspected'`",
    )(kill_switch)


def kill_switch(state: State, reason: Annotated[str, typer.Option("--reason", "-r")] = "") -> None:
    answer = call("POST", "/kill-switch", {"on": state is State.ON, "reason": reason})
    console.print("Stopped: nothing is executed." if answer["on"] else "Running.")
    if answer["on"] and state is State.OFF:
        console.print("Your agreement is noted; it takes a second person to go on.")
