"""Receipts: an answer names the events that the call has written, so that whoever made it can prove each of them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from lockgate.store.noting import note_into

HEADER = "lockgate-receipt"
MOST = 8
"""Of one answer: the kill switch revokes whatever is approved, each an event. The first says what was done."""


async def noting(request: Request) -> None:
    """A dependency of every route: it runs in the task that does the work."""
    note_into(request.state.written)


def header(written: Sequence[str]) -> dict[str, str]:
    """Empty where nothing was written; what a refused call has on record is named too."""
    return {HEADER: ", ".join(written[:MOST])} if written else {}
