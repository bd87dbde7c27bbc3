"""The same masks for COPY TO STDOUT: one CopyData message a row, in text, CSV or binary.

A row is taken apart by COPY's own rules, masked field by field with the compiled walk (as if it were a DataRow), and
put together again. What does not come apart as expected is an error, and the stream is cut.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.classify.parse import Tree
from lockgate.gateways.postgres.masking._rows import RowPlan, rewrite
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.gateways.postgres.wire.parsing import parse_data_row

BINARY_HEADER = b"PGCOPY\n\xff\r\n\0"
_UNESCAPE = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Options:
    """COPY's options as far as they change how a row is written."""

    format: str = "text"
    delimiter: bytes = b"\t"
    null: bytes = b"\\N"
    quote: bytes = b'"'
    escape: bytes = b'"'
    header: bool = False


def options_of(tree: Mapping[str, Tree] | None) -> Options:
    """From the parsed statement. ProtocolError for an option that changes the form in a way not known here."""
    given: dict[str, str] = {}
    listed = (tree or {}).get("options") or []
    for item in listed if isinstance(listed, list) else []:
        fields = item.get("DefElem") if isinstance(item, Mapping) else None
        if not isinstance(fields, Mapping):
            raise ProtocolError("COPY has an option that is not known")
        given[str(fields["defname"])] = _argument(fields.get("arg"))
    unknown = set(given) - {
        "format",
        "delimiter",
        "null",
        "quote",
        "escape",
        "header",
        "force_quote",
        "encoding",
        "freeze",
    }
    if unknown or given.get("encoding", "UTF8").upper().replace("-", "") != "UTF8":
        raise ProtocolError("COPY has an option that Lockgate cannot mask under")
    kind = given.get("format", "text").lower()
    csv = kind == "csv"
    quote = given.get("quote", '"').encode()
    return Options(
        kind,
        given.get("delimiter", "," if csv else "\t").encode(),
        given.get("null", "" if csv else "\\N").encode(),
        quote,
        given.get("escape", quote.decode()).encode(),
        given.get("header", "false").lower() in ("true", "on", "1", "match", ""),
    )


def _argument(tree: Tree) -> str:
    if not isinstance(tree, Mapping):
        return ""
    fields = next(iter(tree.values()))
    if not isinstance(fields, Mapping):
        return ""
    value = fields.get("sval", fields.get("boolval", fields.get("ival", "")))
    return str(value)


class CopyRewriter:
    """Feed it CopyData messages; it gives back what the client may have."""

    def __init__(self, plan: RowPlan, options: Options) -> None:
        self._plan = plan
        self._options = options
        self._header = options.header and options.format != "binary"
        self._started = False

    def feed(self, message: bytes) -> tuple[bytes, int]:
        """One whole message (`d` or `c`): `(message for the client, rows in it)`."""
        if message[:1] == b"c":
            return message, 0
        body = message[5:]
        if self._options.format == "binary":
            out, rows = self._binary(body)
        elif self._header:
            self._header = False
            out, rows = body, 0
        else:
            out, rows = self._line(body), 1
        return b"d" + struct.pack("!I", len(out) + 4) + out, rows

    def _mask(self, values: list[bytes | None]) -> tuple[bytes | None, ...]:
        row = struct.pack("!H", len(values)) + b"".join(
            b"\xff\xff\xff\xff" if v is None else struct.pack("!I", len(v)) + v for v in values
        )
        message = b"D" + struct.pack("!I", len(row) + 4) + row
        out, end, rows = rewrite(message, 0, self._plan)
        if rows != 1 or end != len(message):
            raise ProtocolError("a COPY row could not be masked")
        return parse_data_row(bytes(out[5:]))

    def _line(self, body: bytes) -> bytes:
        if not body.endswith(b"\n"):
            raise ProtocolError("a COPY row does not end its line")
        line = body[:-1]
        csv = self._options.format == "csv"
        values = self._split_csv(line) if csv else self._split_text(line)
        masked = self._mask(values)
        joined = self._options.delimiter.join(self._csv(v) if csv else self._text(v) for v in masked)
        return joined + b"\n"

    def _split_text(self, line: bytes) -> list[bytes | None]:
        # A delimiter inside a value is written with a backslash before it.
        fields: list[bytes] = []
        start = position = 0
        while position < len(line):
            if line[position : position + 1] == b"\\":
                position += 2
            elif line[position : position + 1] == self._options.delimiter:
                fields.append(line[start:position])
                position += 1
                start = position
            else:
                position += 1
        fields.append(line[start:])
        return [None if f == self._options.null else _unescape(f) for f in fields]

    def _text(self, value: bytes | None) -> bytes:
        if value is None:
            return self._options.null
        out = value.replace(b"\\", b"\\\\")
        for letter, plain in _UNESCAPE.items():
            out = out.replace(plain, b"\\" + letter)
        delimiter = self._options.delimiter
        return out if delimiter == b"\t" else out.replace(delimiter, b"\\" + delimiter)

    def _split_csv(self, line: bytes) -> list[bytes | None]:
        quote, escape, delimiter = self._options.quote, self._options.escape, self._options.delimiter
        values: list[bytes | None] = []
        position, size = 0, len(line)
        while True:
            if line[position : position + 1] == quote:
                position += 1
                value = bytearray()
                while True:
                    if position >= size:
                        raise ProtocolError("a CSV value is not closed")
                    char = line[position : position + 1]
                    if char == escape and line[position + 1 : position + 2] in (quote, escape):
                        value += line[position + 1 : position + 2]
                        position += 2
                    elif char == quote:
                        position += 1
                        break
                    else:
                        value += char
                        position += 1
                values.append(bytes(value))
            else:
                end = line.find(delimiter, position)
                end = size if end < 0 else end
                plain = line[position:end]
                values.append(None if plain == self._options.null else plain)
                position = end
            if position >= size:
                return values
            if line[position : position + 1] != delimiter:
                raise ProtocolError("a CSV row is malformed")
            position += 1
            if position == size:
                values.append(None if self._options.null == b"" else b"")
                return values

    def _csv(self, value: bytes | None) -> bytes:
        if value is None:
            return self._options.null
        quote, escape = self._options.quote, self._options.escape
        special = (quote, self._options.delimiter, b"\n", b"\r")
        if value != self._options.null and value != b"\\." and not any(s in value for s in special):
            return value
        if escape != quote:
            value = value.replace(escape, escape + escape)
        return quote + value.replace(quote, escape + quote) + quote

    def _binary(self, body: bytes) -> tuple[bytes, int]:
        prefix = b""
        if not self._started:
            self._started = True
            if not body.startswith(BINARY_HEADER) or len(body) < 19:
                raise ProtocolError("a binary COPY does not begin as it must")
            size = 19 + int.from_bytes(body[15:19], "big")
            prefix, body = body[:size], body[size:]
            if not body:
                return prefix, 0
        if body == b"\xff\xff":
            return prefix + body, 0
        masked = self._mask(list(parse_data_row(body)))
        row = struct.pack("!H", len(masked)) + b"".join(
            b"\xff\xff\xff\xff" if v is None else struct.pack("!I", len(v)) + v for v in masked
        )
        return prefix + row, 1


def _unescape(field: bytes) -> bytes:
    if b"\\" not in field:
        return field
    out = bytearray()
    position = 0
    while position < len(field):
        char = field[position : position + 1]
        if char == b"\\" and position + 1 < len(field):
            following = field[position + 1 : position + 2]
            out += _UNESCAPE.get(following, following)
            position += 2
        else:
            out += char
            position += 1
    return bytes(out)


def copy_rewriter(treatment: Treatment, tree: object, response: bytes) -> CopyRewriter | None:
    """For a CopyOutResponse: the rewriter of its rows, or None where nothing is masked."""
    if treatment.fields is None:
        raise ProtocolError("a COPY whose columns are not known cannot be masked")
    options = options_of(tree if isinstance(tree, Mapping) else None)
    binary = options.format == "binary"
    if int.from_bytes(response[1:3], "big") != len(treatment.fields) or (response[0] == 1) != binary:
        raise ProtocolError("COPY answers in another form than it was asked for")
    plan = treatment.plan(treatment.fields, (1,) if binary else ())
    return None if plan is None else CopyRewriter(plan, options)
