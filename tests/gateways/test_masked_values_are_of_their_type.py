"""A masked value is a value of its type, in the format that was asked for; NULL stays NULL."""

from __future__ import annotations

import datetime
import struct

import psycopg
import pytest

from lockgate.gateways.postgres.masking import _rows, constants, masks
from lockgate.gateways.postgres.wire.parsing import parse_data_row
from lockgate.phi.operators import generalise
from uncompiled import plain

KEY = bytes(range(16))
PLAIN_ROWS = plain(_rows)
REAL = {
    "bool": "true",
    "bytea": "\\x0102",
    "name": "somebody",
    "int2": "41",
    "int4": "4711",
    "int8": "471100000000",
    "float4": "1.5",
    "float8": "2.5",
    "numeric": "12.50",
    "oid": "12",
    "text": "Grace Abara",
    "varchar": "Grace Abara",
    "bpchar": "Grace",
    "json": '{"a": "Grace"}',
    "jsonb": '{"a": "Grace"}',
    "uuid": "11111111-2222-3333-4444-555555555555",
    "inet": "10.1.2.3",
    "cidr": "10.1.2.0/24",
    "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05",
    "date": "1961-07-13",
    "time": "11:12:13.5",
    "timetz": "11:12:13+02",
    "timestamp": "1961-07-13 11:12:13.5",
    "timestamptz": "1961-07-13 11:12:13.5+02",
    "interval": "3 years 2 mons 11:12:13",
    "daterange": "[1961-07-13,1961-08-01)",
    "tstzrange": "[1961-07-13,1961-08-01)",
    "int4range": "[4,8)",
}
ARRAYS = {
    f"{name}[]": "{" + f'"{value}"'.replace("\\", "\\\\") + "}" for name, value in REAL.items() if '"' not in value
}
ALL = {**REAL, **ARRAYS, "json[]": '{"{\\"a\\": 1}"}', "jsonb[]": '{"{\\"a\\": 1}"}'}


def asked(direct, sql: str, fmt: int, **settings: str):
    """`(value as the server sends it, its type)`."""
    for name, value in settings.items():
        direct.execute(f"SET {name} = '{value}'")
    result = direct.pgconn.exec_params(sql.encode(), [], result_format=fmt)
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
    return result.get_value(0, 0), result.ftype(0)


def masked(value: bytes | None, column) -> bytes | None:
    """What both walks make of it, which is the same."""
    row = struct.pack("!Hi", 1, -1 if value is None else len(value)) + (value or b"")
    data = b"D" + struct.pack("!I", len(row) + 4) + row
    compiled = bytes(_rows.rewrite(data, 0, _rows.RowPlan([column], 1))[0])
    again = PLAIN_ROWS.Column(0, column.op, column.argument, KEY, column.keep, column.call)
    assert bytes(PLAIN_ROWS.rewrite(data, 0, PLAIN_ROWS.RowPlan([again], 1))[0]) == compiled
    return parse_data_row(compiled[5:])[0]


def as_text(direct, value: bytes, type_oid: int, fmt: int, name: str) -> str:
    """How the server reads what the client would get."""
    asks = f"SELECT $1::{name}::text".encode()
    result = direct.pgconn.exec_params(asks, [value], param_formats=[fmt], param_types=[type_oid])
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
    return result.get_value(0, 0).decode()


@pytest.mark.parametrize("operator", ["redact", "token", "generalise", "partial"])
@pytest.mark.parametrize("fmt", [0, 1], ids=["text", "binary"])
@pytest.mark.parametrize("name", ALL)
def test_every_type_is_masked_to_itself(hospital, name, fmt, operator):
    with hospital.direct() as direct:
        value, oid = asked(direct, f"SELECT '{ALL[name]}'::{name}", fmt)
        column = masks.column_mask(0, operator, "unclassified", "", oid, fmt, KEY)
        shown = masked(value, column)
        assert shown is not None, f"{name} became NULL"
        assert shown != value
        read = as_text(direct, shown, oid, fmt, name)
        assert not any(part in read for part in ("Grace", "4711", "07-13", "11:12", "somebody", "10.1.2", "08:00"))
        assert masked(None, column) is None


@pytest.mark.parametrize("fmt", [0, 1], ids=["text", "binary"])
@pytest.mark.parametrize("name", ALL)
def test_what_is_computed_does_not_even_tell_that_it_is_null(hospital, name, fmt):
    with hospital.direct() as direct:
        value, oid = asked(direct, f"SELECT '{ALL[name]}'::{name}", fmt)
        column = masks.column_mask(0, "redact", "unclassified", "", oid, fmt, KEY, computed=True)
        shown = masked(value, column)
        assert shown == masked(None, column) is not None
        assert as_text(direct, shown, oid, fmt, name)


def test_a_type_of_the_users_own_becomes_null():
    assert masked(b"anything", masks.column_mask(0, "redact", "name", "", 99_999, 0, KEY)) is None


STYLES = ["ISO, MDY", "ISO, DMY", "SQL, MDY", "SQL, DMY", "Postgres, MDY", "Postgres, DMY", "German, DMY"]
DATES = {"date": "1961-07-13", "timestamp": "1961-07-13 11:12:13.1999", "timestamptz": "1961-07-13 11:12:13.1999+02"}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", DATES)
@pytest.mark.parametrize(("operator", "year"), [("generalise", 1961), ("redact", 1900)])
def test_dates_are_in_the_style_that_the_session_asked_for(hospital, name, style, operator, year):
    with hospital.direct() as direct:
        value, oid = asked(direct, f"SELECT '{DATES[name]}'::{name}", 0, datestyle=style, timezone="America/New_York")
        shown = masked(value, masks.column_mask(0, operator, "date", "", oid, 0, KEY))
        there = f"{year}-01-01 00:00:00" + ("+00" if name == "timestamptz" else "")
        expected, _ = asked(direct, f"SELECT '{there}'::{name}", 0, datestyle=style, timezone="UTC")
        assert shown == expected


@pytest.mark.parametrize("fmt", [0, 1], ids=["text", "binary"])
@pytest.mark.parametrize(
    ("date", "left"),
    [
        ("1961-07-13", "1961-01-01"),
        ("2000-02-29", "2000-01-01"),
        ("1750-12-31", "1750-01-01"),
        ("10021-05-05", "10021-01-01"),
        ("infinity", None),
        ("-infinity", None),
        ("0044-03-15 BC", None),
    ],
)
@pytest.mark.parametrize("name", ["date", "timestamp"])
def test_a_year_is_left_in_both_formats(hospital, name, date, left, fmt):
    with hospital.direct() as direct:
        value, oid = asked(direct, f"SELECT '{date}'::{name}", fmt)
        shown = masked(value, masks.column_mask(0, "generalise", "date", "", oid, fmt, KEY))
        assert (shown is None) == (left is None)
        if left is not None:
            assert as_text(direct, shown, oid, fmt, name).startswith(left)


@pytest.mark.parametrize(
    ("age", "band", "lowest"),
    [
        ("0", "0-4", 0),
        ("42", "40-44", 40),
        ("45", "45-49", 45),
        ("89", "85-89", 85),
        ("90", "90+", 90),
        ("104", "90+", 90),
    ],
)
def test_an_age_becomes_a_band(age, band, lowest):
    assert generalise("date", "age", age) == band
    assert (
        masked(age.encode(), masks.column_mask(0, "generalise", "date", "age", constants.TEXT, 0, KEY)) == band.encode()
    )
    for oid, width in constants.INTEGERS.items():
        text = masks.column_mask(0, "generalise", "date", "age", oid, 0, KEY)
        binary = masks.column_mask(0, "generalise", "date", "age", oid, 1, KEY)
        assert masked(age.encode(), text) == str(lowest).encode(), "a number is the lowest of its band"
        assert int.from_bytes(masked(int(age).to_bytes(width, "big"), binary), "big") == lowest


@pytest.mark.parametrize("age", ["-1", "old", ""])
def test_what_is_no_age_is_redacted(age):
    assert generalise("date", "age", age) == "[DATE]"
    if age == "-1":
        assert masked(b"-1", masks.column_mask(0, "generalise", "date", "age", constants.INT4, 0, KEY)) == b"-1"


@pytest.mark.parametrize("binary", [False, True])
def test_a_driver_reads_them_through_the_gate(gate, binary):
    """Of what a client asks for: a whole row's columns, and arrays and dates that are computed."""
    made = "array_agg(name), max(born), array_agg(born), max(born) - min(born)"
    asks = f"SELECT born, {made} FROM patient GROUP BY born LIMIT 3"
    with gate.connect() as agent:
        for born, names, latest, borns, days in agent.execute(asks, binary=binary).fetchall():
            assert (born.month, born.day) == (1, 1)
            assert latest == datetime.date(1900, 1, 1)
            assert (names, borns) == (["[NAME]"], [datetime.date(1900, 1, 1)])
            assert days == -1
