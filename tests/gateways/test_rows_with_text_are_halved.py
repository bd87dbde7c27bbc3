"""Many rows with free text in them are rewritten in two threads: what comes out is what one would have written."""

from __future__ import annotations

import random
import struct

import pytest

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.masking._rows import BATCH, TOKEN_TEXT, Column, RowPlan, rewrite
from lockgate.gateways.postgres.masking.searched import SHARED_BYTES, rewrite_searched
from lockgate.phi import redact_values

NOTES = [
    b"Mrs. Rosa Petrov was seen; call back at (555) 555-0110.",
    b"Glucose 142 mg/dL fasting, advised on diet.",
    b"",
    None,
    "Se\u00f1ora Mu\u00f1oz, nacida el 3 de mayo de 1951".encode(),
]
PLAN = RowPlan([Column(1, BATCH, call=redact_values), Column(2, TOKEN_TEXT, b"SSN-", bytes(16))], 3)


def row(*values: bytes | None) -> bytes:
    fields = b"".join(b"\xff" * 4 if v is None else struct.pack("!I", len(v)) + v for v in values)
    return b"D" + struct.pack("!IH", len(fields) + 6, len(values)) + fields


def rows(count: int) -> bytes:
    rng = random.Random(count)
    return b"".join(row(b"%d" % n, rng.choice(NOTES), b"%09d" % n) for n in range(count))


@pytest.mark.parametrize("count", [1, 2, 700, 3000, 3001])
def test_what_two_threads_write_is_what_one_writes(count):
    data = rows(count)
    assert rewrite_searched(data, PLAN) == rewrite(data, 0, PLAN)


def test_one_row_that_is_long_is_not_halved():
    data = row(b"1", b"Seen by Dr. Okonkwo. " * SHARED_BYTES, b"2")
    assert rewrite_searched(data, PLAN) == rewrite(data, 0, PLAN)


@pytest.mark.parametrize("place", [100, 2900])
def test_a_row_that_is_no_row_lets_nothing_out(place):
    """In either half."""
    data = rows(place) + row(b"one", b"column less") + rows(3000 - place)
    with pytest.raises(ProtocolError):
        rewrite_searched(data, PLAN)
