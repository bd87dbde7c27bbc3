"""The messages by which the analysis asks the server, the same on a side connection and in the session itself.

Only the extended protocol is used: in the simple one `select 1; end; drop table …` would be three statements.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.gateways.postgres.lineage.side import Described, ServerError
from lockgate.gateways.postgres.wire import messages as m

Row = tuple[str | None, ...]
Answer = list[tuple[int, bytes]]
"""The server's messages as `(type byte, body)`, up to ReadyForQuery."""


def to_fetch(sql: str, args: Sequence[str | None], name: str = "") -> bytes:
    """Run one statement with text parameters. A statement that was given a name is closed behind its run."""
    values = [None if a is None else a.encode() for a in args]
    out = m.parse(name, sql.encode(), ()) + m.bind(name, name, (), values, ()) + m.execute(name, 0)
    if name:
        out += m.close(b"P", name) + m.close(b"S", name)
    return out + m.sync()


def to_describe(sql: str, oids: Sequence[int], name: str = "") -> bytes:
    """Ask what the server makes of a statement without running it."""
    out = m.parse(name, sql.encode(), oids) + m.describe(b"S", name)
    if name:
        out += m.close(b"S", name)
    return out + m.sync()


def checked(answer: Answer) -> Answer:
    """The answer itself; raises `ServerError`, which carries the SQLSTATE, where an error is in it."""
    for kind, body in answer:
        if kind == ord("E"):
            fields = m.parse_fields(body)
            raise ServerError(fields.get("C", "XX000"), fields.get("M", ""), fields)
    return answer


def rows(answer: Answer) -> list[Row]:
    """The rows of an answer, in text format."""
    found = [m.parse_data_row(body) for kind, body in answer if kind == ord("D")]
    return [tuple(None if value is None else value.decode() for value in row) for row in found]


def described(answer: Answer) -> Described:
    """Parameter types and output fields, as an answer to `to_describe` names them."""
    parameters: tuple[int, ...] = ()
    fields: tuple[m.Field, ...] = ()
    for kind, body in answer:
        if kind == ord("t"):
            parameters = m.parse_parameter_description(body)
        elif kind == ord("T"):
            fields = m.parse_row_description(body)
    return Described(parameters, fields)
