"""`lockgate policy allow`, `allowed` and `revoke`: what recurs is policy, not a person at 02:00."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from lockgate.cli.client import call
from lockgate.cli.show import Json, console, dump, table


def register(app: typer.Typer) -> None:
    app.command("allow", epilog="Example: lockgate policy allow req_… --until 2027-01-31")(allow)
    app.command("allowed", epilog="Example: lockgate policy allowed --state pending")(allowed)
    app.command("revoke", epilog="Example: lockgate policy revoke req_… -r 'the job is done'")(revoke)


def allow(
    request: Annotated[str, typer.Argument(help="a request that people have approved, e.g. req_…")],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="the last day, UTC; 90 days from today at most")
    ],
    max_rows: Annotated[int, typer.Option(min=0, help="as estimated each time; twice the request's if left out")] = 0,
    as_json: Json = False,
) -> None:
    """Draft a permit to repeat what a request did: the same principal, statement (with any values) and destination.

    It is in force once the people whom the request needed approve it; you cannot be one of them.
    """
    last: date = until.date()
    answer = call("POST", "/policy/allowed", {"request": request, "until": last.isoformat(), "max_rows": max_rows})
    if as_json:
        dump(answer)
        return
    name = answer["request"]
    console.print(f"{name}: {answer['state']}. Reviewers decide: lockgate requests approve {name}")


def allowed(
    state: Annotated[str, typer.Option(help="pending, approved, revoked …; empty for all")] = "approved",
    as_json: Json = False,
) -> None:
    """The permits in force: for whom, repeating what, until when."""
    rows = call("GET", f"/policy/allowed?state={state}")
    if as_json:
        dump(rows)
        return
    told = [row | {key: row["terms"][key] for key in ("of", "until", "author")} for row in rows]
    table(told, ("id", "state", "principal", "of", "until", "author"), empty="No permit.")


def revoke(
    permit: Annotated[str, typer.Argument(help="the permit, e.g. req_…")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="why; needed from whoever decides")] = "",
    as_json: Json = False,
) -> None:
    """End a permit at once: whoever could ask for it, and whoever may decide on it."""
    answer = call("POST", f"/policy/allowed/{permit}/revoke", {"reason": reason})
    dump(answer) if as_json else console.print(f"{permit}: {answer['state']}")
