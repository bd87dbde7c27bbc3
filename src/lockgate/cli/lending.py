"""`lockgate lend`: one's place in a group for a time, as before a holiday, and taking it back."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from lockgate.cli.client import call
from lockgate.cli.show import Json, console, dump
from lockgate.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Lend your place in a group for a time.")

UNITS_S = {"m": 60, "h": 3600, "d": 86400}


def seconds(written: str) -> int:
    """`90m`, `8h`, `5d`. ConfigError for anything else."""
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", written)
    if found is None:
        raise ConfigError(f"{written} is no duration", hint="write 90m, 8h or 5d")
    return int(found[1]) * UNITS_S[found[2]]


@app.command(help="Lend it. Example: `lockgate lend to local:paul privacy --for 5d`")
def to(
    receiver: Annotated[str, typer.Argument(help="whose account, e.g. local:paul")],
    group: Annotated[str, typer.Argument(help="the group in which your place is lent")],
    lasting: Annotated[str, typer.Option("--for", help="90m, 8h, 5d; two weeks at most")],
    as_json: Json = False,
) -> None:
    body = {"receiver": receiver, "group": group, "ttl_s": seconds(lasting)}
    lent = call("POST", "/delegations", body)
    if as_json:
        dump(lent)
    else:
        console.print(f"{lent['id']}: {receiver} stands in for you in {group}. Back: lockgate lend back {lent['id']}")


@app.command(help="Take it back; votes given under it no longer count. Example: `lockgate lend back dlg_…`")
def back(delegation: Annotated[str, typer.Argument(help="what lending answered")]) -> None:
    call("DELETE", f"/delegations/{delegation}")
    console.print(f"{delegation} is yours again.")
