"""`lockgate vault`: made and given another key on the machine itself; looked into, or emptied, if people agree."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.cli.client import call
from lockgate.cli.lending import seconds
from lockgate.cli.show import Json, console, dump, table

app = typer.Typer(
    no_args_is_help=True,
    help="The vault of surrogates: what stands for whom. Looking into it is an action that other people approve.",
)

ROUND_S = 45
ConfigOption = Annotated[Path, typer.Option("--config", "-c", envvar="LOCKGATE_CONFIG", help="the installation's file")]
Patient = Annotated[
    str, typer.Option("--patient", "-p", help="as the vault was given it; - asks, so that no list of processes has it")
]
Reason = Annotated[str, typer.Option("--reason", "-r", help="told to reviewers, masked and marked unverified")]
Purpose = Annotated[str, typer.Option("--purpose", help="what it is for, in one word, as policy knows it")]
Wait = Annotated[str, typer.Option("--wait", help="how long to wait for people: 10m, 8h; else ask and go")]


@app.command(
    help="Make an empty vault and its key file. Example: `lockgate vault init --config lockgate.yaml`, then copy "
    "`state/vault.keys` to a safe place"
)
def init(config: ConfigOption = Path("lockgate.yaml"), as_json: Json = False) -> None:
    from lockgate.server import vault_keeping
    from lockgate.server.config import load_config

    loaded = load_config(config, connections=False)
    fingerprint = vault_keeping.make(loaded)
    path = vault_keeping.key_file(loaded)
    if as_json:
        dump({"fingerprint": fingerprint, "keys": None if path is None else str(path)})
        return
    console.print(f"Made a vault under the key {fingerprint}.")
    if path is not None:
        console.print(f"Keep a copy of {path} elsewhere: without it nobody can tell who is who, or go on as before.")


@app.command(help="How much is in it, and its key's fingerprint. Example: `lockgate vault status --json`")
def status(config: ConfigOption = Path("lockgate.yaml"), as_json: Json = False) -> None:
    from lockgate.server import vault_keeping
    from lockgate.server.config import load_config

    found = vault_keeping.look(load_config(config, connections=False))
    if as_json:
        dump(asdict(found))
        return
    made = datetime.fromtimestamp(found.created_at / 1e6, UTC).strftime("%Y-%m-%d")
    console.print(f"{found.surrogates:,} surrogates and {found.offsets:,} date offsets of {found.patients:,} patients,")
    console.print(f"under the key {found.fingerprint}, since {made}.")


@app.command(
    help="Seal everything with a new key; surrogates stay what they are. Pipelines that have the vault open meanwhile "
    "are refused and start anew. Example: `lockgate vault rotate --config lockgate.yaml`"
)
def rotate(config: ConfigOption = Path("lockgate.yaml"), as_json: Json = False) -> None:
    from lockgate.server import vault_keeping
    from lockgate.server.config import load_config

    done = vault_keeping.rotate(load_config(config, connections=False))
    if as_json:
        dump(asdict(done))
        return
    console.print(f"{done.rows:,} rows are sealed with {done.after} now, before that with {done.before}.")
    console.print(f"The old key is in {done.aside}: older copies of the vault need it. Destroy it with the last one.")


@app.command(
    help="See whom surrogates of a patient stand for, once other people have agreed: ask, and repeat exactly the same "
    "when they have, or wait here. Example: `lockgate vault reveal 'Maria Keller' --patient - -r 'recall' --wait 8h`"
)
def reveal(
    surrogates: Annotated[list[str], typer.Argument(help="as they stand in the de-identified text")],
    patient: Patient = "-",
    reason: Reason = "",
    purpose: Purpose = "",
    wait: Wait = "",
    as_json: Json = False,
) -> None:
    body = {"patient": _patient(patient), "surrogates": surrogates, "reason": reason, "purpose": purpose}
    answer = _asked("/vault/reveal", body, wait, as_json)
    if answer is not None:
        table(
            answer["revealed"], ("class", "surrogate", "original"), empty="No surrogate of this patient is called so."
        )


@app.command(
    help="Erase a patient from the vault, for good, once other people have agreed. "
    "Example: `lockgate vault forget --patient - -r 'request for erasure' --wait 8h`"
)
def forget(
    patient: Patient = "-", reason: Reason = "", purpose: Purpose = "", wait: Wait = "", as_json: Json = False
) -> None:
    body = {"patient": _patient(patient), "reason": reason, "purpose": purpose}
    answer = _asked("/vault/forget", body, wait, as_json)
    if answer is not None:
        console.print(f"Forgotten: {answer['forgotten']} surrogates. Copies of the vault still have them.")


def _asked(path: str, body: dict[str, Any], wait: str, as_json: bool) -> dict[str, Any] | None:
    """The answer once people have agreed; None where it was printed as JSON, or they have not yet."""
    until = time.monotonic() + (seconds(wait) if wait else 0)
    answer: dict[str, Any] = call("POST", path, body | {"wait_s": 0})
    if answer["state"] != "SUCCEEDED" and not as_json:
        console.print(f"{answer['request']} waits for people: lockgate requests show {answer['request']}")
    while answer["state"] != "SUCCEEDED" and (left_s := until - time.monotonic()) > 0:
        answer = call("POST", path, body | {"wait_s": max(1, min(ROUND_S, int(left_s)))}, timeout_s=2 * ROUND_S)
    if as_json:
        dump(answer)
        return None
    if answer["state"] == "SUCCEEDED":
        return answer
    console.print("Repeat exactly this once they have agreed; it answers once.")
    return None


def _patient(written: str) -> str:
    if written != "-":
        return written
    return str(typer.prompt("Patient")) if sys.stdin.isatty() else sys.stdin.readline().strip()
