"""PostgreSQL protocol 3 messages, read: one pure function each. `messages` builds them.

Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol", section "Message Formats" (3.0 and 3.2). A
parser takes a message's body and raises `ProtocolError` for anything malformed; lengths are never believed further
than the bytes reach.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lockgate.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a RowDescription. `table_oid` and `attnum` are 0 for anything computed."""

    name: str
    table_oid: int
    attnum: int
    type_oid: int
    type_size: int = -1
    typmod: int = -1
    format: int = 0


@dataclass(frozen=True, slots=True)
class Bind:
    """A Bind message; `values` are the exact parameter bytes, NULL distinct from empty."""

    portal: bytes
    statement: bytes
    parameter_formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    result_formats: tuple[int, ...]


class _Reader:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if count < 0 or end > len(self.body):
            raise ProtocolError("a message is shorter than it says")
        taken = self.body[self.at : end]
        self.at = end
        return taken

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def cstring(self) -> bytes:
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise ProtocolError("a string has no end")
        taken = self.body[self.at : end]
        self.at = end + 1
        return taken

    def utf8(self) -> str:
        try:
            return self.cstring().decode()
        except UnicodeDecodeError:
            raise ProtocolError("a string is not UTF-8") from None

    def value(self) -> bytes | None:
        length = int.from_bytes(self.take(4), "big", signed=True)
        if length == -1:
            return None
        return self.take(length)

    def u16s(self) -> tuple[int, ...]:
        return tuple(self.u16() for _ in range(self.u16()))

    def finish(self) -> None:
        if self.at != len(self.body):
            raise ProtocolError("a message is longer than it says")


def parse_fields(body: bytes) -> dict[str, str]:
    """ErrorResponse or NoticeResponse: field letter to text."""
    reader = _Reader(body)
    fields: dict[str, str] = {}
    while (letter := reader.take(1)) != b"\0":
        fields[letter.decode("latin-1")] = reader.cstring().decode("utf-8", "replace")
    reader.finish()
    return fields


def parse_parse(body: bytes) -> tuple[bytes, bytes, tuple[int, ...]]:
    """`(statement name, text, declared type OIDs)`; an OID of 0 leaves the type to the server."""
    reader = _Reader(body)
    name, sql = reader.cstring(), reader.cstring()
    oids = tuple(reader.u32() for _ in range(reader.u16()))
    reader.finish()
    return name, sql, oids


def parse_bind(body: bytes) -> Bind:
    reader = _Reader(body)
    portal, statement = reader.cstring(), reader.cstring()
    formats = reader.u16s()
    values = tuple(reader.value() for _ in range(reader.u16()))
    results = reader.u16s()
    reader.finish()
    if any(f not in (0, 1) for f in (*formats, *results)):
        raise ProtocolError("a format code is neither text nor binary")
    if len(formats) not in (0, 1, len(values)):
        raise ProtocolError("a Bind names another number of formats than of parameters")
    return Bind(portal, statement, formats, values, results)


def parse_execute(body: bytes) -> tuple[bytes, int]:
    """`(portal, most rows)`; 0 rows means all."""
    reader = _Reader(body)
    portal, rows = reader.cstring(), reader.u32()
    reader.finish()
    return portal, rows


def parse_parameter_description(body: bytes) -> tuple[int, ...]:
    reader = _Reader(body)
    oids = tuple(reader.u32() for _ in range(reader.u16()))
    reader.finish()
    return oids


def parse_row_description(body: bytes) -> tuple[Field, ...]:
    """ProtocolError where a field cannot be one: the message is passed on, and rows could look like it."""
    reader = _Reader(body)
    fields = []
    for _ in range(reader.u16()):
        name = reader.utf8()
        table, attnum, type_oid, size, typmod, form = struct.unpack("!IhIhih", reader.take(18))
        if form not in (0, 1) or size < -2 or typmod < -1 or not type_oid or (attnum and not table):
            raise ProtocolError("the upstream described a column that cannot be")
        fields.append(Field(name, table, attnum, type_oid, size, typmod, form))
    reader.finish()
    return tuple(fields)


def parse_data_row(body: bytes) -> tuple[bytes | None, ...]:
    reader = _Reader(body)
    values = tuple(reader.value() for _ in range(reader.u16()))
    reader.finish()
    return values
