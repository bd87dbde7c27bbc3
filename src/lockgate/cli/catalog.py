"""`lockgate catalog`: the PHI map. Machines propose, people accept; what nobody reviewed stays PHI."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from lockgate.action import PHI_CLASSES
from lockgate.cli.client import call
from lockgate.cli.show import Json, console, dump, table

app = typer.Typer(no_args_is_help=True, help="The PHI map: which column is which class.")

SCAN_S = 1800.0
"""A large database has tens of thousands of columns, each sampled."""

Connection = Annotated[str, typer.Argument(help="a connection of lockgate.yaml")]


@app.command(help="Propose a class for every column. Example: `lockgate catalog scan clinic`")
def scan(connection: Connection, as_json: Json = False) -> None:
    with console.status("reading names, types and a sample …"):
        rows = call("POST", f"/catalog/{connection}/scan", timeout_s=SCAN_S)
    if as_json:
        dump(rows)
    else:
        table(rows, ("table", "column", "type", "proposed", "sure", "why", "in_force"), empty="No tables there.")


@app.command(help="Accept proposals a group at a time; the unsure stays PHI. Example: `lockgate catalog review clinic`")
def review(
    connection: Connection,
    accept_sure: Annotated[
        bool, typer.Option("--accept-sure", help="accept every group that is sure, without asking")
    ] = False,
) -> None:
    current: dict[str, dict[str, str]] = yaml.safe_load(call("GET", f"/catalog/{connection}")["yaml"]) or {}
    groups: dict[tuple[str, str, str, bool], list[dict[str, Any]]] = defaultdict(list)
    with console.status("reading names, types and a sample …"):
        scanned = call("POST", f"/catalog/{connection}/scan", timeout_s=SCAN_S)
    for row in scanned:
        if row["proposed"] != row["in_force"] and row["in_force"] == "unclassified":
            groups[(row["column"], row["type"], row["proposed"], row["sure"])].append(row)
    if not groups:
        console.print("Every column is reviewed.")
        return
    accepted = 0
    for (column, type_, proposed, sure), rows in sorted(groups.items(), key=lambda item: (-item[0][3], item[0])):
        places = ", ".join(row["table"] for row in rows[:5]) + (" …" if len(rows) > 5 else "")
        console.print(f"[bold]{column}[/bold] {type_} in {places}: proposed [bold]{proposed}[/bold] ({rows[0]['why']})")
        if accept_sure:
            answer = "y" if sure else "n"
        else:
            answer = _asked("y" if sure else "n")
        if answer.lower() in ("n", "no"):
            continue
        entry = proposed if answer.lower() in ("y", "yes") else answer
        for row in rows:
            current.setdefault(row["table"], {})[row["column"]] = entry
            accepted += 1
    if accepted:
        call("POST", f"/catalog/{connection}", {"yaml": yaml.safe_dump(current, sort_keys=False)})
    console.print(f"{accepted} columns accepted; whatever was left out counts as PHI.")


def _asked(default: str) -> str:
    """`y`, `n` or a known class: a slip of the finger must not cost the whole review."""
    while True:
        answer = str(typer.prompt("accept (y), leave as PHI (n), or another class", default=default)).strip().lower()
        if answer in ("y", "yes", "n", "no", "none") or answer.partition("/")[0] in PHI_CLASSES:
            return answer
        console.print(f"{answer} is no class: none, {', '.join(PHI_CLASSES)}", markup=False)


@app.command(help="Print the map in force as YAML. Example: `lockgate catalog show clinic > clinic.yaml`")
def show(connection: Connection) -> None:
    print(call("GET", f"/catalog/{connection}")["yaml"], end="")


@app.command(help="Put a reviewed YAML file in force. Example: `lockgate catalog accept clinic clinic.yaml`")
def accept(
    connection: Connection,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the map, as show prints it")],
) -> None:
    digest = call("POST", f"/catalog/{connection}", {"yaml": file.read_text()})["digest"]
    console.print(f"In force: {digest[:16]} …")
