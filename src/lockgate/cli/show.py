"""How results are printed: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="print JSON for programs")]

WIDE = 1000
"""Columns of what is no terminal: a line a row, for grep."""

console = Console(emoji=False, highlight=False, soft_wrap=True)


def dump(value: Any) -> None:
    print(json.dumps(value, indent=2, sort_keys=True))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> None:
    if not rows:
        console.print(empty)
        return
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    longest_id = max(len(str(row.get(columns[0], ""))) for row in rows)
    for column in columns:
        # An id is copied into the next command, so it is never cut; words may go on in the next line.
        drawn.add_column(column, min_width=longest_id if column == columns[0] else None, overflow="fold")
    for row in rows:
        cells = [row.get(column, "") for column in columns]
        drawn.add_row(*(", ".join(map(str, c)) if isinstance(c, list | tuple) else str(c) for c in cells))
    (console if console.is_terminal else Console(emoji=False, highlight=False, width=WIDE)).print(
        drawn, soft_wrap=False
    )


def left(at: int, now: float) -> str:
    """`3 h 12 min left` until an instant (microseconds); the clock is the terminal's own."""
    minutes = max(0, int(at / 1e6 - now)) // 60
    return f"{minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f"{minutes} min left"
