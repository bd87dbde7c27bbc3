"""`lockgate audit export`: evidence for somebody outside, from a store or a copy of it, without a login."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.show import console
from lockgate.errors import AuditError


def register(app: typer.Typer) -> None:
    app.command(
        help="The events of a span as CSV, a readable page for each of a sample, receipts, policies, keys. "
        "Example: `lockgate audit export state/lockgate.db evidence --from 2026-01-01 --to 2026-03-31 --type intent "
        "--sample 25 --seed 7`"
    )(export)


def export(
    store: Annotated[str, typer.Argument(help="the store's file, a copy of it, or postgresql://…")],
    folder: Annotated[Path, typer.Argument(help="a new or empty folder")],
    from_: Annotated[str, typer.Option("--from", help="first day, UTC: 2026-01-01")],
    to: Annotated[str, typer.Option("--to", help="last day, UTC, included")],
    kind: Annotated[list[str], typer.Option("--type", help="only events of this type; several may be given")] = [],  # noqa: B006
    sample: Annotated[int, typer.Option(min=0, max=10_000, help="how many events to draw")] = 25,
    seed: Annotated[
        int | None, typer.Option(min=0, help="draws the same sample again; otherwise one is made up")
    ] = None,
) -> None:
    from lockgate.audit import TYPES
    from lockgate.services.evidence import Wanted, collect, write_evidence
    from lockgate.store.reading import read_store

    if unknown := set(kind) - set(TYPES):
        # Nothing found by a mistyped name would look to an auditor as if nothing had happened.
        raise AuditError(f"no such type of event: {', '.join(sorted(unknown))}", hint=", ".join(TYPES))
    chosen = secrets.randbelow(1 << 32) if seed is None else seed
    wanted = Wanted(_midnight(from_, 0), _midnight(to, 1), frozenset(kind), sample, chosen)
    url = store if store.startswith("postgresql://") else f"sqlite:///{store}"
    evidence = asyncio.run(read_store(url, lambda conn: collect(conn, wanted)))
    write_evidence(evidence, folder)
    console.print(
        f"{len(evidence.population)} events, {len(evidence.sampled)} drawn with seed {chosen}, "
        f"{len(evidence.proofs)} receipts in {folder}.",
    )
    for name in evidence.missing:
        console.print(f"  not kept: {name}")
    console.print(f"Check it offline: lockgate audit check {folder} --key {folder}/log.pub")


def _midnight(day: str, days_later: int) -> int:
    try:
        start = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(days=days_later)
    except ValueError as error:
        raise AuditError(f"{day[:20]} is no day", hint="write it 2026-01-31") from error
    return int(start.timestamp()) * 1_000_000
