"""PostgreSQL protocol 3 messages: pure builders and parsers, one function each.

Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol", section "Message Formats" (3.0 and 3.2). A
parser raises `ProtocolError` for anything malformed; lengths are never believed further than the bytes reach.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lockgate.errors import ProtocolError

SSL_REQUEST_CODE = 80877103
CANCEL_REQUEST_CODE = 80877102
SEVERITIES = frozenset("ERROR FATAL PANIC WARNING NOTICE DEBUG INFO LOG".split())
MASKED_TEXT = "text withheld by Lockgate: it may quote protected values"


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


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def _cstring(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    if b"\0" in raw:
        raise ProtocolError("a string of the protocol holds a zero byte")
    return raw + b"\0"


# frontend messages, built ----------------------------------------------------------------------------------------
def startup(parameters: Mapping[str, str]) -> bytes:
    body = struct.pack("!I", 3 << 16)
    for name, value in parameters.items():
        body += _cstring(name) + _cstring(value)
    return struct.pack("!I", len(body) + 5) + body + b"\0"


def ssl_request() -> bytes:
    return struct.pack("!II", 8, SSL_REQUEST_CODE)


def cancel_request(process_id: int, secret_key: bytes) -> bytes:
    return struct.pack("!III", 12 + len(secret_key), CANCEL_REQUEST_CODE, process_id) + secret_key


def sasl_initial(mechanism: str, response: bytes) -> bytes:
    return message("p", _cstring(mechanism) + struct.pack("!I", len(response)) + response)


def sasl_response(response: bytes) -> bytes:
    return message("p", response)


def query(sql: bytes) -> bytes:
    return message("Q", _cstring(sql))


def parse(name: str, sql: bytes, oids: Sequence[int]) -> bytes:
    return message("P", _cstring(name) + _cstring(sql) + struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def bind(
    portal: str,
    statement: str,
    parameter_formats: Sequence[int],
    values: Sequence[bytes | None],
    result_formats: Sequence[int],
) -> bytes:
    body = bytearray(_cstring(portal) + _cstring(statement))
    body += struct.pack(f"!H{len(parameter_formats)}H", len(parameter_formats), *parameter_formats)
    body += struct.pack("!H", len(values))
    for value in values:
        body += b"\xff\xff\xff\xff" if value is None else struct.pack("!I", len(value)) + value
    body += struct.pack(f"!H{len(result_formats)}H", len(result_formats), *result_formats)
    return message("B", bytes(body))


def describe(what: bytes, name: str | bytes) -> bytes:
    return message("D", what + _cstring(name))


def execute(portal: str, most_rows: int) -> bytes:
    return message("E", _cstring(portal) + struct.pack("!I", most_rows))


def close(what: bytes, name: str | bytes) -> bytes:
    return message("C", what + _cstring(name))


def sync() -> bytes:
    return message("S")


def terminate() -> bytes:
    return message("X")


# backend messages, built ------------------------------------------------------------------------------------------
def authentication_ok() -> bytes:
    return message("R", struct.pack("!I", 0))


def authentication_cleartext() -> bytes:
    return message("R", struct.pack("!I", 3))


def parameter_status(name: str, value: str) -> bytes:
    return message("S", _cstring(name) + _cstring(value))


def backend_key_data(process_id: int, secret_key: bytes) -> bytes:
    return message("K", struct.pack("!I", process_id) + secret_key)


def ready_for_query(status: int) -> bytes:
    return message("Z", bytes([status]))


def negotiate_protocol_version(newest: int, unknown: Sequence[str]) -> bytes:
    body = struct.pack("!II", newest, len(unknown)) + b"".join(_cstring(name) for name in unknown)
    return message("v", body)


def _report(
    kind: str, severity: str, code: str, text: str, detail: str, hint: str, position: str, extra: Mapping[str, str]
) -> bytes:
    fields = {"S": severity, "V": severity, "C": code, "M": text, "D": detail, "H": hint, "P": position, **extra}
    body = b"".join(name.encode() + _cstring(value.replace("\0", "")) for name, value in fields.items() if value)
    return message(kind, body + b"\0")


def error(severity: str, code: str, text: str, *, detail: str = "", hint: str = "", position: str = "") -> bytes:
    """An ErrorResponse; `code` is the SQLSTATE."""
    return _report("E", severity, code, text, detail, hint, position, {})


def notice(severity: str, code: str, text: str, *, detail: str = "", hint: str = "") -> bytes:
    return _report("N", severity, code, text, detail, hint, "", {})


def masked_error(body: bytes) -> bytes:
    """The same error without its words: severity and SQLSTATE stay, everything that could quote a value goes."""
    severity, code = _without_words(body, "ERROR", "XX000")
    return error(severity, code, MASKED_TEXT, hint="the SQLSTATE says what kind of error it is")


def masked_notice(body: bytes) -> bytes:
    severity, code = _without_words(body, "NOTICE", "00000")
    return notice(severity, code, MASKED_TEXT)


def _without_words(body: bytes, severity: str, code: str) -> tuple[str, str]:
    """Severity and SQLSTATE where they are what they should be, otherwise those given."""
    fields = parse_fields(body)
    said, state = fields.get("V", fields.get("S", "")), fields.get("C", "")
    is_state = len(state) == 5 and state.isascii() and state.isalnum()
    return said if said in SEVERITIES else severity, state if is_state else code


def notification_without_payload(body: bytes) -> bytes:
    end = body.find(b"\0", 4)
    if end <= 4 or body.find(b"\0", end + 1) != len(body) - 1:
        raise ProtocolError("malformed NotificationResponse")
    return message("A", body[: end + 1] + b"\0")


# parsed ----------------------------------------------------------------------------------------------------------
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
