"""PostgreSQL protocol 3 messages, built: one pure function each. `parsing` reads them.

Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol", section "Message Formats" (3.0 and 3.2).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from lockgate.errors import ProtocolError

SSL_REQUEST_CODE = 80877103
CANCEL_REQUEST_CODE = 80877102
IDLE, FAILED = ord("I"), ord("E")
"""States of a transaction in ReadyForQuery: none, and one in which everything is refused until it ends."""


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def _cstring(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    if b"\0" in raw:
        raise ProtocolError("a string of the protocol holds a zero byte")
    return raw + b"\0"


# what a client sends ----------------------------------------------------------------------------------------
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


# what a server sends ------------------------------------------------------------------------------------------
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
