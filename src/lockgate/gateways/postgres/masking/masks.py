"""From an operator to bytes of the right type: a masked integer is an integer, a masked date a date, in either format.

A masked number is negative, so that it meets no real key. A type that is not known here becomes NULL.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.masking import _rows
from lockgate.gateways.postgres.masking._rows import Column
from lockgate.phi import redact_values
from lockgate.phi.operators import Operator, generalise, redacted

BOOL, BYTEA, NAME, INT8, INT2, INT4, TEXT, JSON = 16, 17, 19, 20, 21, 23, 25, 114
FLOAT4, FLOAT8, UNKNOWN, INET, BPCHAR, VARCHAR, DATE, TIME = 700, 701, 705, 869, 1042, 1043, 1082, 1083
TIMESTAMP, TIMESTAMPTZ, INTERVAL, NUMERIC, UUID, JSONB = 1114, 1184, 1186, 1700, 2950, 3802

TEXTS = frozenset({TEXT, VARCHAR, BPCHAR, NAME, UNKNOWN})
INTEGERS = {INT2: 2, INT4: 4, INT8: 8}
DATES = frozenset({DATE, TIMESTAMP, TIMESTAMPTZ})

POSTGRES_EPOCH_YEAR = 2000
MICROSECONDS_A_DAY = 86_400_000_000


def column_mask(
    index: int, operator: str, cls: str, label: str, type_oid: int, fmt: int, key: bytes, *, computed: bool = False
) -> Column:
    """The compiled column that masks this output. `computed`: not one base column, so NULL is no safe answer either."""
    if operator == Operator.NULL:
        return Column(index, _rows.NULL)
    constant = _redacted(cls, type_oid, fmt)
    if computed:
        if constant is None:
            return Column(index, _rows.NULL)
        return Column(index, _rows.CONSTANT_EVEN_NULL, constant)
    if operator == Operator.TOKEN:
        if type_oid in TEXTS:
            return Column(index, _rows.TOKEN_TEXT, f"{cls.upper()}-".encode(), key)
        if type_oid in INTEGERS:
            op = _rows.TOKEN_INTEGER_BINARY if fmt else _rows.TOKEN_INTEGER_TEXT
            return Column(index, op, b"", key, INTEGERS[type_oid])
        if type_oid == UUID:
            return Column(index, _rows.CALL, call=_uuid_token(key, fmt))
    if operator == Operator.PARTIAL and type_oid in TEXTS:
        return Column(index, _rows.KEEP_FIRST, b"***", keep=2)
    if operator == Operator.GENERALISE:
        call = _generaliser(cls, label, type_oid, fmt)
        if call is not None:
            return Column(index, _rows.CALL, call=call)
    if operator == Operator.DETECT and type_oid in TEXTS:
        return Column(index, _rows.BATCH, call=redact_values)
    if constant is None:
        return Column(index, _rows.NULL)
    return Column(index, _rows.CONSTANT, constant)


def _redacted(cls: str, type_oid: int, fmt: int) -> bytes | None:
    """A constant of the type that says nothing; None where only NULL would be valid."""
    word = redacted(cls).encode()
    if type_oid in TEXTS:
        return word
    if type_oid in INTEGERS:
        return (-1).to_bytes(INTEGERS[type_oid], "big", signed=True) if fmt else b"-1"
    if type_oid in (JSON, JSONB):
        quoted = b'"' + word + b'"'
        return b"\x01" + quoted if fmt and type_oid == JSONB else quoted
    if type_oid == UUID:
        return bytes(16) if fmt else b"00000000-0000-0000-0000-000000000000"
    if type_oid == FLOAT8:
        return struct.pack("!d", -1.0) if fmt else b"-1"
    if type_oid == FLOAT4:
        return struct.pack("!f", -1.0) if fmt else b"-1"
    if type_oid == NUMERIC:
        return struct.pack("!hhHhh", 1, 0, 0x4000, 0, 1) if fmt else b"-1"
    if type_oid == BYTEA:
        return b"" if fmt else b"\\x"
    if type_oid == INET and not fmt:
        return b"0.0.0.0"
    return None


def _uuid_token(key: bytes, fmt: int) -> Callable[[bytes], bytes]:
    other = bytes(b ^ 0x5C for b in key)

    def token(value: bytes) -> bytes:
        try:
            raw = value if fmt else bytes.fromhex(value.decode().replace("-", ""))
        except ValueError as error:
            raise ProtocolError("a uuid is malformed") from error
        made = _rows.siphash(raw, key).to_bytes(8, "big") + _rows.siphash(raw, other).to_bytes(8, "big")
        if fmt:
            return made
        text = made.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])).encode()

    return token


def _generaliser(cls: str, label: str, type_oid: int, fmt: int) -> Callable[[bytes], bytes | None] | None:
    if type_oid in DATES:
        return _year_start(type_oid, fmt)
    if type_oid in TEXTS:

        def coarser(value: bytes) -> bytes:
            return generalise(cls, label, value.decode("utf-8", "replace")).encode()

        return coarser
    return None


def _year_start(type_oid: int, fmt: int) -> Callable[[bytes], bytes | None]:
    """The first of January of the same year; infinities become NULL."""
    if not fmt:

        def text(value: bytes) -> bytes | None:
            words = generalise("date", "", value.decode("ascii", "replace"))
            if not words.isdigit():
                return None
            tail = {DATE: "", TIMESTAMP: " 00:00:00", TIMESTAMPTZ: " 00:00:00+00"}[type_oid]
            return f"{words}-01-01{tail}".encode()

        return text

    def binary(value: bytes) -> bytes | None:
        width = 4 if type_oid == DATE else 8
        number = int.from_bytes(value, "big", signed=True)
        if len(value) != width or number in (-(1 << (8 * width - 1)), (1 << (8 * width - 1)) - 1):
            return None
        days = number if type_oid == DATE else number // MICROSECONDS_A_DAY
        start = _days_to_year_start(days)
        return (start if type_oid == DATE else start * MICROSECONDS_A_DAY).to_bytes(width, "big", signed=True)

    return binary


def _days_to_year_start(days: int) -> int:
    """Days since 2000-01-01 to the days of that year's first of January (proleptic Gregorian)."""
    year = POSTGRES_EPOCH_YEAR + days * 400 // 146097
    while _year_days(year) > days:
        year -= 1
    while _year_days(year + 1) <= days:
        year += 1
    return _year_days(year)


def _year_days(year: int) -> int:
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 730119
