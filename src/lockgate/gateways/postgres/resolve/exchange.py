"""The messages by which the analysis asks the server, the same on a side connection and in the session itself.

Only the extended protocol is used: in the simple one `select 1; end; drop table …` would be three statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockgate.gateways.postgres.lineage.side import Described, Question, Row, ServerError
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import (
    Field,
    parse_data_row,
    parse_fields,
    parse_parameter_description,
    parse_row_description,
)

ALOUD = """
SELECT pg_catalog.set_config('debug_pretty_print', 'off', true),
       pg_catalog.set_config('client_min_messages', 'log', true),
       pg_catalog.set_config('debug_print_parse', 'on', true)
"""
QUIET = "SELECT pg_catalog.set_config('debug_print_parse', 'off', true)"
"""Both are of the transaction alone, and what fails between them undoes the first: nothing else is printed."""

Answer = list[tuple[int, bytes]]
"""The server's messages as `(type byte, body)`, up to ReadyForQuery."""


def to_fetch(questions: Sequence[Question], name: str = "") -> bytes:
    """Run statements of ours with text parameters, in one transaction. A name that is given is free again behind."""
    return b"".join(_run(sql, args, name) for sql, *args in questions) + m.sync()


def to_keep(question: Question, name: str) -> bytes:
    """Run a statement and keep it under a name, to be run again by `to_run`."""
    return m.parse(name, question[0].encode(), ()) + to_run(question, name)


def to_run(question: Question, name: str) -> bytes:
    """Run what is kept, or was just parsed, under this name."""
    values = [None if a is None else a.encode() for a in question[1:]]
    return m.bind("", name, (), values, ()) + m.execute("", 0)


def to_describe(sql: str, oids: Sequence[int], name: str = "") -> bytes:
    """Ask what the server makes of a statement without running it."""
    return _describe(sql, oids, name) + m.sync()


def to_describe_aloud(sql: str, oids: Sequence[int], name: str = "") -> bytes:
    """The same, while the server prints the tree of what it analyses, to us and to its own log."""
    quiet = _run(QUIET, (), name) if name else b""  # without a name nothing else is in this transaction
    return _run(ALOUD, (), name) + _describe(sql, oids, name) + quiet + m.sync()


def _run(sql: str, args: Sequence[str | None], name: str) -> bytes:
    values = [None if a is None else a.encode() for a in args]
    out = m.parse(name, sql.encode(), ()) + m.bind(name, name, (), values, ()) + m.execute(name, 0)
    return out + m.close(b"P", name) + m.close(b"S", name) if name else out


def _describe(sql: str, oids: Sequence[int], name: str) -> bytes:
    out = m.parse(name, sql.encode(), oids) + m.describe(b"S", name)
    return out + m.close(b"S", name) if name else out


def checked(answer: Answer) -> Answer:
    """The answer itself; raises `ServerError`, which carries the SQLSTATE, where an error is in it."""
    for kind, body in answer:
        if kind == ord("E"):
            fields = parse_fields(body)
            raise ServerError(fields.get("C", "XX000"), fields.get("M", ""), fields)
    return answer


def rows(answer: Answer) -> list[list[Row]]:
    """The rows of each statement of an answer, in text format."""
    found: list[list[Row]] = [[]]
    for kind, body in answer:
        if kind == ord("D"):
            found[-1].append(tuple(None if v is None else v.decode() for v in parse_data_row(body)))
        elif kind == ord("C"):
            found.append([])
    return found[:-1]


def described(answer: Answer) -> Described:
    """Parameter types and output fields, as an answer to `to_describe` names them."""
    parameters: tuple[int, ...] = ()
    fields: tuple[Field, ...] = ()
    for kind, body in answer:
        if kind == ord("t"):
            parameters = parse_parameter_description(body)
        elif kind == ord("T"):
            fields = parse_row_description(body)
    return Described(parameters, fields)


def notices(answer: Answer) -> list[Mapping[str, str]]:
    """The fields of every notice of an answer to `to_describe_aloud`, up to where the statement is described."""
    found: list[Mapping[str, str]] = []
    for kind, body in answer:
        if kind == ord("t"):
            break
        if kind == ord("N"):
            found.append(parse_fields(body))
    return found
