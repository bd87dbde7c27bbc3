"""`lockgate slack`: link the account you have there, and the manifest of the app."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import typer

from lockgate.cli.client import call
from lockgate.cli.show import console

app = typer.Typer(no_args_is_help=True, help="Reviews in Slack.")

EXAMPLE = "https://lockgate.example.org"


@app.command("link", help="Link your Slack account. Example: `lockgate slack link ABCD-EFGH-JKLM`")
def link(
    code: Annotated[str, typer.Argument(help="as `/lockgate link` showed it to you, in Slack")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask whether it is you")] = False,
) -> None:
    found = call("POST", "/slack/links/look", {"code": code})
    console.print(
        f"{found['called']} ({found['account']}) will decide as {found['person']}.", markup=False, highlight=False
    )
    if not yes and not typer.confirm("Is this you, and did you ask for the code yourself?"):
        raise typer.Exit(1)
    made = call("POST", "/slack/links", {"code": code})
    console.print(f"{made['account']} is linked to {made['person']}.", markup=False, highlight=False)


@app.command("manifest", help="The app to create in Slack. Example: `lockgate slack manifest https://gate.example.org`")
def manifest(
    address: Annotated[str, typer.Argument(help="where Slack reaches the API: https://…")] = EXAMPLE,
) -> None:
    text = files("lockgate.channels.slack").joinpath("manifest.yaml").read_text()
    print(text.replace(EXAMPLE, address.rstrip("/")), end="")
