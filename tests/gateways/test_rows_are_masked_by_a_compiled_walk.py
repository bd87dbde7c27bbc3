"""Rewriting of rows: the same compiled and as plain Python, never a byte of a masked value, never a crash."""

from __future__ import annotations

import struct
from collections import deque

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.masking import _rows, constants, masks
from lockgate.gateways.postgres.wire import _frames
from lockgate.gateways.postgres.wire.parsing import parse_data_row
from lockgate.services.shapes import Shape
from uncompiled import plain

KEY = bytes(range(16))


PLAIN_ROWS, PLAIN_FRAMES = plain(_rows), plain(_frames)


def row(values: list[bytes | None]) -> bytes:
    body = struct.pack("!H", len(values)) + b"".join(
        b"\xff\xff\xff\xff" if v is None else struct.pack("!I", len(v)) + v for v in values
    )
    return b"D" + struct.pack("!I", len(body) + 4) + body


def every_other(values: list[bytes]) -> list[bytes | None]:
    return [b"batched" * len(value) if len(value) % 2 else None for value in values]


CALLS = {_rows.CALL: lambda value: value[::-1] + b"called" * 9, _rows.BATCH: every_other}


def columns(module, ops: list[int]) -> list[object]:
    made = []
    for index, op in enumerate(ops):
        if op:
            call = CALLS.get(op)
            keep = 4 if op in (_rows.TOKEN_INTEGER_TEXT, _rows.TOKEN_INTEGER_BINARY) else 2
            made.append(module.Column(index, op, b"NAME-", KEY, keep, call))
    return made


def test_the_suite_runs_compiled():
    assert _rows.__file__.endswith(".so")
    assert _frames.__file__.endswith(".so")


def test_siphash_2_4_has_its_published_value():
    # Aumasson and Bernstein, appendix A.
    assert _rows.siphash(bytes(range(15)), KEY) == PLAIN_ROWS.siphash(bytes(range(15)), KEY) == 0xA129CA6149BE45E5


values = st.one_of(st.none(), st.binary(max_size=40))
tables = st.integers(1, 6).flatmap(
    lambda width: st.tuples(
        st.lists(st.lists(values, min_size=width, max_size=width), max_size=8),
        st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 6, 7, 8, 9]), min_size=width, max_size=width),
    )
)


@given(tables, st.integers(0, 11))
@settings(max_examples=150, deadline=None)
def test_compiled_and_plain_agree_and_nothing_else_changes(table, cut):
    rows, ops = table
    data = b"".join(row(r) for r in rows) + row([b"x"] * len(ops))[:cut]
    compiled = _rows.rewrite(data, 0, _rows.RowPlan(columns(_rows, ops), len(ops)))
    plainly = PLAIN_ROWS.rewrite(data, 0, PLAIN_ROWS.RowPlan(columns(PLAIN_ROWS, ops), len(ops)))
    assert (bytes(compiled[0]), *compiled[1:]) == (bytes(plainly[0]), *plainly[1:])
    assert compiled[2] == len(rows)
    at, out = 0, bytes(compiled[0])
    for original in rows:
        end = at + 1 + int.from_bytes(out[at + 1 : at + 5], "big")
        shown = parse_data_row(out[at + 5 : end])
        for op, before, after in zip(ops, original, shown, strict=True):
            if not op:
                assert after == before
            elif before is None and op != _rows.CONSTANT_EVEN_NULL:
                assert after is None
            elif op in (_rows.CONSTANT, _rows.CONSTANT_EVEN_NULL):
                assert after == b"NAME-"
            elif op == _rows.TOKEN_TEXT:
                assert len(after) == 18
            elif op == _rows.BATCH:
                assert after == (every_other([before])[0] or before)
        at = end
    assert at == len(out)


@given(st.binary(min_size=1, max_size=60), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_malformed_rows_are_an_error_and_never_pass(garbage, width):
    data = b"D" + struct.pack("!I", len(garbage) + 4) + garbage
    plan = _rows.RowPlan([_rows.Column(0, _rows.CONSTANT, b"[X]")], width)
    try:
        out, _, rows = _rows.rewrite(data, 0, plan)
    except ProtocolError:
        return
    if rows:
        assert len(parse_data_row(bytes(out[5:]))) == width
    else:
        assert not out, "nothing of an unfinished row leaves"


answers = st.one_of(
    st.binary(max_size=80),
    st.lists(
        st.one_of(st.just(row([b"x"])), st.sampled_from(b"CIsZ2E").map(lambda kind: struct.pack("!BIB", kind, 5, 73))),
        max_size=12,
    ).map(b"".join),
)


@given(answers, st.lists(st.booleans(), max_size=8))
@settings(max_examples=300, deadline=None)
def test_framing_agrees_on_any_bytes(data, rounds):
    calls = {"split": (data, 1 << 20), "run_end": (data, 0, 68), "scan_server": (data, 0, 3)}
    for name, arguments in calls.items():
        outcomes = []
        for module in (_frames, PLAIN_FRAMES):
            shapes = [Shape(str(at)) if run else None for at, run in enumerate(rounds)]
            awaited = deque([*shapes, None, None, None])
            try:
                found = getattr(module, name)(*arguments, *([awaited] if name == "scan_server" else []))
            except ProtocolError:
                found = "refused"
            outcomes.append((found, len(awaited), [shape.counted for shape in shapes if shape]))
        assert outcomes[0] == outcomes[1], name


def test_rows_on_the_fast_path_count_on_the_run_that_they_answer():
    one, other = Shape("one"), Shape("other")
    done, ready, error = b"C\0\0\0\x05\0", b"Z\0\0\0\x05I", b"E\0\0\0\x05\0"
    awaited = deque([one, other, None, one, None])
    first = row([b"a"]) * 2 + done + row([b"b"])
    assert _frames.scan_server(first, 0, 9, awaited) == (len(first), 0)
    assert _frames.scan_server(error, 0, 9, awaited) == (0, 0), "an error is looked at"
    rest = ready + row([b"c"]) + done + ready
    assert _frames.scan_server(rest, 0, 9, awaited) == (len(rest), 2)
    assert (one.completed, one.rows, one.bytes) == (2, 3, 3 * len(row([b"a"])))
    assert (other.completed, other.rows) == (0, 1)
    assert not awaited


def test_a_row_that_no_run_awaits_ends_the_session():
    for awaited in (deque([None]), deque()):
        with pytest.raises(ProtocolError):
            _frames.scan_server(row([b"a"]), 0, 1, awaited)
    with pytest.raises(ProtocolError):
        _frames.scan_server(b"Z\0\0\0\x05I", 0, 1, deque())


@pytest.mark.parametrize("fmt", [0, 1])
@pytest.mark.parametrize(
    "type_oid",
    [
        constants.TEXT,
        constants.INT2,
        constants.INT4,
        constants.INT8,
        constants.NUMERIC,
        constants.FLOAT8,
        constants.UUID,
        constants.JSONB,
    ],
)
def test_a_redacted_value_is_valid_in_its_type(hospital, type_oid, fmt):
    column = masks.column_mask(0, "redact", "ssn", "", type_oid, fmt, KEY)
    with hospital.direct() as direct:
        name = direct.execute("SELECT format_type(%s, NULL)", (type_oid,)).fetchone()[0]
        value = column.argument
        query = f"SELECT $1::{name}::text"
        result = direct.pgconn.exec_params(query.encode(), [value], param_formats=[fmt], param_types=[type_oid])
        assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message


def test_an_integer_gets_the_same_negative_token_in_both_formats():
    text = masks.column_mask(0, "token", "mrn", "", constants.INT4, 0, KEY)
    binary = masks.column_mask(0, "token", "mrn", "", constants.INT4, 1, KEY)
    one = parse_data_row(bytes(_rows.rewrite(row([b"4711"]), 0, _rows.RowPlan([text], 1))[0][5:]))[0]
    two = parse_data_row(bytes(_rows.rewrite(row([struct.pack("!i", 4711)]), 0, _rows.RowPlan([binary], 1))[0][5:]))[0]
    assert int(one) == struct.unpack("!i", two)[0] < 0
