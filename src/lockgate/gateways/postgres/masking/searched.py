"""Rows with free text in them, rewritten in two threads: where their time goes, the interpreter is not locked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from lockgate.gateways.postgres.masking._rows import RowPlan, rewrite
from lockgate.gateways.postgres.wire._frames import run_end

SHARED_BYTES = 1 << 16
"""Of rows, from which on a second core helps."""
_BESIDE = ThreadPoolExecutor(1, thread_name_prefix="rows-beside")
_ROW = ord("D")

Rewritten: TypeAlias = "tuple[bytearray, int, int]"
"""Bytes for the client, where the run of rows ended, how many rows."""


def rewrite_searched(rows: bytes, plan: RowPlan) -> Rewritten:
    """As `rewrite`, of whole rows; each part is gathered, searched and put together in a thread of its own.

    Raises ProtocolError as `rewrite` does, once nothing works on the rows any more.
    """
    # The other thread begins later: it gets less.
    middle = run_end(rows[: len(rows) * 9 // 16], 0, _ROW)[0] if len(rows) >= SHARED_BYTES else 0
    if not middle:
        return rewrite(rows, 0, plan)
    beside = _BESIDE.submit(rewrite, rows[middle:], 0, plan)
    try:
        out, _, count = rewrite(rows[:middle], 0, plan)
    finally:
        beside.exception()
    more, end, others = beside.result()
    out += more
    return out, middle + end, count + others
