"""What Lockgate itself answers, `SHOW lockgate.requests` and `SHOW lockgate.receipt`: written as constants, so that the
server gives them back as rows of its own.

They are written when the message goes upstream: a prepared one answers what holds when it is bound.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.action import Requester
from lockgate.pipeline import Pipeline, Receipt

ANSWERED = frozenset({"requests", "receipt"})
"""Kinds of statement that Lockgate answers."""

MOST_REQUESTS = 50


async def answer(kind: str, pipeline: Pipeline, requester: Requester, recorded: Receipt | None) -> str:
    """What goes upstream in place of a statement of one of these kinds."""
    return receipt_as_sql(recorded) if kind == "receipt" else await requests_as_sql(pipeline, requester)


async def requests_as_sql(pipeline: Pipeline, requester: Requester) -> str:
    """The requester's own requests, newest first."""
    views = await pipeline.own_requests(requester)
    rows = [(v.id, str(v.state), v.operation, v.sentence, v.link) for v in views[:MOST_REQUESTS]]
    return _as_sql("lockgate_requests (request, state, operation, asks, link)", 5, rows)


def receipt_as_sql(receipt: Receipt | None) -> str:
    """Where the session's last statement is in the log; no row before there is any."""
    rows = []
    if receipt is not None:
        prove = f"lockgate audit prove {receipt.event} > {receipt.event}.tlog-proof"
        rows.append((receipt.event, receipt.recorded, receipt.request, prove))
    return _as_sql("lockgate_receipt (receipt, recorded, request, prove)", 4, rows)


def _as_sql(columns: str, width: int, rows: Sequence[Sequence[str]]) -> str:
    listed = ", ".join("(" + ", ".join("'" + cell.replace("'", "''") + "'" for cell in row) + ")" for row in rows)
    if not rows:
        return f"SELECT * FROM (VALUES ({', '.join(['NULL::text'] * width)})) AS {columns} WHERE false"  # noqa: S608
    return f"SELECT * FROM (VALUES {listed}) AS {columns}"  # noqa: S608 - our own words, quoted
