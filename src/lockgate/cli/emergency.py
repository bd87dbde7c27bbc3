"""`lockgate kill-switch`: stop everything at once; going on takes two people."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.client import call
from lockgate.cli.people import PasswordFromInput, read_password
from lockgate.cli.show import console


class State(StrEnum):
    ON = "on"
    OFF = "off"


def register(app: typer.Typer) -> None:
    app.command(
        "kill-switch",
        help="Stop everything (on), or agree to go on (off). Example: `lockgate kill-switch on -r 'leak suspected'`",
    )(kill_switch)
    app.command(
        "break-glass",
        help="Emergency access, reviewed later. Example: `lockgate break-glass clinic name -r 'cardiac arrest, bed 4'`",
    )(break_glass)


def break_glass(
    connection: Annotated[str, typer.Argument(help="a connection")],
    classes: Annotated[list[str], typer.Argument(help="PHI classes, e.g. name phone")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="why; reviewed within a day")],
    minutes: Annotated[int, typer.Option(min=1, max=60, help="how long it lasts")] = 60,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="only the statement of this file, once")] = None,
    password_stdin: PasswordFromInput = False,
) -> None:
    body = {
        "connection": connection,
        "classes": classes,
        "reason": reason,
        "minutes": minutes,
        "statement": file.read_text().strip() if file else "",
        "password": read_password(password_stdin, "Your password, again"),
    }
    answer = call("POST", "/break-glass", body)
    console.print(f"The glass is broken for {minutes} minutes; {answer['request']} is due for review within a day.")
    console.print("Set lockgate.reveal to the classes in your session; every statement is logged.")


def kill_switch(
    state: Annotated[State, typer.Argument(help="on stops everything; off agrees to go on")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="why; it is logged")] = "",
) -> None:
    answer = call("POST", "/kill-switch", {"on": state is State.ON, "reason": reason})
    console.print("Stopped: nothing is executed." if answer["on"] else "Running.")
    if answer["on"] and state is State.OFF:
        console.print("Your agreement is noted; it takes a second person to go on.")
