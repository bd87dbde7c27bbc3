"""For each type a constant that says nothing, in text and in binary: what a redacted value of that type becomes.

A number is negative, so that it meets no real key. A type of the users' own, and the rare ones that are not here (xml,
bits, geometry, money), have none: they become NULL.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from lockgate.gateways.postgres.masking import dates
from lockgate.phi.operators import redacted

BOOL, BYTEA, NAME, INT8, INT2, INT4, TEXT, OID, JSON = 16, 17, 19, 20, 21, 23, 25, 26, 114
CIDR, FLOAT4, FLOAT8, UNKNOWN, MACADDR8, MACADDR, INET = 650, 700, 701, 705, 774, 829, 869
BPCHAR, VARCHAR, TIME, INTERVAL, TIMETZ, NUMERIC, UUID, JSONB = 1042, 1043, 1083, 1186, 1266, 1700, 2950, 3802

TEXTS = frozenset({TEXT, VARCHAR, BPCHAR, NAME, UNKNOWN})
INTEGERS = {INT2: 2, INT4: 4, INT8: 8}
RANGES = frozenset({3904, 3906, 3908, 3910, 3912, 3926})
"""Of int4, numeric, timestamp, timestamptz, date, int8."""

_EMPTY_RANGE = (b"empty", b"\x01")
_SAME: Mapping[int, tuple[bytes, bytes]] = {
    BOOL: (b"f", b"\0"),
    BYTEA: (b"\\x", b""),
    OID: (b"0", bytes(4)),
    FLOAT4: (b"-1", struct.pack("!f", -1.0)),
    FLOAT8: (b"-1", struct.pack("!d", -1.0)),
    NUMERIC: (b"-1", struct.pack("!hhHhh", 1, 0, 0x4000, 0, 1)),
    UUID: (b"00000000-0000-0000-0000-000000000000", bytes(16)),
    # Family, bits, whether it is a network, size, address.
    INET: (b"0.0.0.0", bytes((2, 32, 0, 4)) + bytes(4)),
    CIDR: (b"0.0.0.0/32", bytes((2, 32, 1, 4)) + bytes(4)),
    MACADDR: (b"00:00:00:00:00:00", bytes(6)),
    MACADDR8: (b"00:00:00:00:00:00:00:00", bytes(8)),
    TIME: (b"00:00:00", bytes(8)),
    TIMETZ: (b"00:00:00+00", bytes(12)),
    INTERVAL: (b"00:00:00", bytes(16)),
    **{kind: (str(-1).encode(), (-1).to_bytes(width, "big", signed=True)) for kind, width in INTEGERS.items()},
    **dict.fromkeys(RANGES, _EMPTY_RANGE),
    **{kind: (dates.nothing(kind, 0), dates.nothing(kind, 1)) for kind in dates.DATES},
}
"""`(text, binary)` of the types whose constant is the same for every class."""

ELEMENTS: Mapping[int, int] = {
    199: JSON, 651: CIDR, 775: MACADDR8, 1000: BOOL, 1001: BYTEA, 1003: NAME, 1005: INT2, 1007: INT4,
    1009: TEXT, 1014: BPCHAR, 1015: VARCHAR, 1016: INT8, 1021: FLOAT4, 1022: FLOAT8, 1028: OID, 1040: MACADDR,
    1041: INET, 1115: dates.TIMESTAMP, 1182: dates.DATE, 1183: TIME, 1185: dates.TIMESTAMPTZ, 1187: INTERVAL,
    1231: NUMERIC, 1270: TIMETZ, 2951: UUID, 3807: JSONB,
    3905: 3904, 3907: 3906, 3909: 3908, 3911: 3910, 3913: 3912, 3927: 3926,
}  # fmt: skip
"""Of each array type: what it holds."""


def constant(cls: str, type_oid: int, fmt: int) -> bytes | None:
    """The constant of that type, naming the class where it can; None where only NULL would be valid."""
    if type_oid in ELEMENTS:
        return _array(cls, ELEMENTS[type_oid], fmt)
    word = redacted(cls).encode()
    if type_oid in TEXTS:
        return word
    if type_oid in (JSON, JSONB):
        quoted = b'"' + word + b'"'
        return b"\x01" + quoted if fmt and type_oid == JSONB else quoted
    return _SAME[type_oid][fmt] if type_oid in _SAME else None


def _array(cls: str, element: int, fmt: int) -> bytes | None:
    """One masked element: how many there were is not told either."""
    inside = constant(cls, element, fmt)
    if inside is None:
        return None
    if not fmt:
        return b'{"' + inside.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"}'
    # Dimensions, whether there are NULLs, type; then length and lower bound of the one dimension.
    return struct.pack("!iiIii", 1, 0, element, 1, 1) + struct.pack("!i", len(inside)) + inside
