"""`lockgate policy replay`: what the last logged actions would have got under a policy that is not in force yet."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.show import Json, dump

FOUND = 1


def register(app: typer.Typer) -> None:
    app.command("replay", epilog="Example: lockgate policy replay state/lockgate.db --folder new-policies --last 1000")(
        run
    )


def run(
    store: Annotated[str, typer.Argument(help="the store's file, a copy of it, or postgresql://…")],
    folder: Annotated[Path, typer.Option("--folder", "-f", help="the policy folder to try")],
    last: Annotated[int, typer.Option(min=1, max=1_000_000, help="how many actions")] = 1000,
    as_json: Json = False,
) -> None:
    """What would the last logged actions have got under this policy? Nothing is executed and nobody is asked.

    Exit status 1 when any would have got something else.
    """
    from lockgate.policy import load
    from lockgate.services.policy_replay import CHANGED, SAME, UNSURE, replay
    from lockgate.store.reading import read_store

    fresh = load(folder)
    url = store if store.startswith("postgresql://") else f"sqlite:///{store}"
    found = asyncio.run(read_store(url, lambda conn: replay(conn, fresh, last=last)))
    counts = Counter(one.verdict for one in found)
    if as_json:
        dump([asdict(one) for one in found])
    else:
        kinds = Counter((o.principal, o.questions, o.before, o.after) for o in found if o.verdict == CHANGED)
        for (principal, questions, before, after), times in kinds.most_common():
            typer.echo(f"{times} x {principal}: {'; '.join(questions)}\n    got {before}\n    would get {after}")
        for why, times in Counter(o.why for o in found if o.verdict == UNSURE).most_common():
            typer.echo(f"{times} x unsure: {why}")
        typer.echo(f"{len(found)} actions: {counts[SAME]} the same, {counts[CHANGED]} changed, {counts[UNSURE]} unsure")
    raise typer.Exit(FOUND if counts[CHANGED] else 0)
