"""`lockgate backup`, `restore` and `upgrade`: on the machine itself; accepting a restore goes through the API."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.client import call
from lockgate.cli.serving import ConfigFile
from lockgate.cli.show import console

ACCEPT = "accept"


def register(app: typer.Typer) -> None:
    app.command(
        help="Copy the store while the server runs; the keys stay out. Example: `lockgate backup /backups/today`"
    )(backup)
    app.command(
        help="Put a backup in place of the store (server stopped), or accept that it was done. "
        "Example: `lockgate restore /backups/yesterday`, then two people: `lockgate restore accept`"
    )(restore)
    app.command(help="Back up, then migrate the store (server stopped). Example: `lockgate upgrade`")(upgrade)


def backup(
    folder: Annotated[Path, typer.Argument(help="a new or empty folder")],
    keys: Annotated[Path | None, typer.Option(help="copy the keys too, into this other folder")] = None,
    config: ConfigFile = Path("lockgate.yaml"),
) -> None:
    from lockgate.server import keeping
    from lockgate.server.config import load_config
    from lockgate.store.vault import is_there

    loaded = load_config(config, connections=False)
    made = keeping.backup(loaded, folder, keys)
    console.print(f"Backed up: {made.size} signed events, {made.unsigned} not signed yet, schema {made.schema}.")
    if is_there(loaded.vault):
        console.print("The vault of surrogates is not in it: see docs/how-to/keep-a-vault.md for how to copy that.")
    if keys is None:
        console.print("The keys are not in it. Without them no backup opens: keep them elsewhere (--keys FOLDER).")
    else:
        console.print(f"The keys are in {keys}. Do not keep the two together.")


def restore(
    what: Annotated[str, typer.Argument(help="the folder of a backup; or the word accept")] = "",
    in_place: Annotated[
        bool, typer.Option("--in-place", help="a PostgreSQL store that its own tools have put back")
    ] = False,
    config: ConfigFile = Path("lockgate.yaml"),
) -> None:
    if what == ACCEPT:
        answer = call("POST", "/restore/accept")
        people = ", ".join(answer["accepted"])
        console.print(
            f"Accepted by {people}; it takes one more person."
            if answer["open"]
            else f"Accepted by {people}. What is approved from now on executes."
        )
        return
    from lockgate.server import keeping
    from lockgate.server.config import load_config

    if bool(what) == in_place:
        raise typer.BadParameter("give the folder of a backup, or --in-place for a PostgreSQL store")
    done = asyncio.run(keeping.restore(load_config(config, connections=False), Path(what) if what else None))
    gone = done.given_up - done.size
    console.print(f"Restored to {done.size} signed events; {gone} later ones were given up, and that is recorded.")
    console.print("Voided: " + ", ".join(f"{count} {what}" for what, count in done.voided.items()) + ".")
    if done.aside:
        console.print(f"What was there before is kept as {done.aside}.")
    console.print("Nothing held executes until two people have logged in and run: lockgate restore accept")
    console.print(
        "Look first at what was undone: accounts, groups, owners, the PHI map (lockgate user list, catalog show)."
    )


def upgrade(
    folder: Annotated[Path | None, typer.Option("--backup", help="where the backup goes")] = None,
    backed_up: Annotated[bool, typer.Option("--backed-up", help="a PostgreSQL store was backed up already")] = False,
    config: ConfigFile = Path("lockgate.yaml"),
) -> None:
    from lockgate.server import keeping
    from lockgate.server.config import load_config

    done = asyncio.run(keeping.upgrade(load_config(config, connections=False), folder, backed_up=backed_up))
    if done is None:
        console.print("The store fits this version already.")
        return
    console.print(f"Migrated from schema {done.before} to {done.after}; waiting requests wait on.")
    if done.backup:
        console.print(f"The store as it was: {done.backup}")
