"""A few rows of the tables that a held read reaches, so that a reviewer sees what kind of data it is.

It is the gateway's own question on a side connection, read-only and briefly, never the statement; it is logged before
it is asked. What the catalog does not call clean is masked, whatever the request asks to reveal. Wherever anything is
in doubt there is no sample.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.action import UNCLASSIFIED, Decision, Effect
from lockgate.array_literal import array_literal
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.classify.nodes import quote
from lockgate.gateways.postgres.lineage import ServerError, Side
from lockgate.gateways.postgres.lineage.model import Output
from lockgate.gateways.postgres.masking._rows import rewrite
from lockgate.gateways.postgres.masking.treatment import treat
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import parse_data_row
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.pipeline import Facts
from lockgate.services.catalog import Entry

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

READS = frozenset({"sql.select", "sql.export"})
MOST_ROWS, MOST_TABLES, MOST_COLUMNS, CELL_CHARS = 5, 3, 12, 40
TIMEOUT_S = 3.0

Sample = tuple[tuple[str, ...], ...]

TABLES = """
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, a.attnum, a.attname, a.atttypid, a.attgenerated = 'v'
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relpersistence <> 't' AND c.relkind NOT IN ('v', 'p')
 ORDER BY c.oid, a.attnum
"""
"""Of a partitioned table the partitions, which the analysis names as well: each by what is said of it."""


@dataclass(slots=True)
class _Table:
    oid: int
    schema: str
    name: str
    kind: str
    runs_code: bool
    """Whether reading it runs somebody's expression: a row policy or a virtual column."""
    columns: dict[int, str]
    types: dict[int, int]


async def sample_of(session: Session, statements: Sequence[Statement], facts: Facts) -> Sample:
    """Masked rows as `(table, "column: value", …)`; empty where nothing is shown."""
    names = _named(statements, facts, session.connection.name)
    if not names or session.local_objects:
        return ()
    connection = session.connection
    pool = connection.standby or connection.resolver.pool
    try:
        async with asyncio.timeout(TIMEOUT_S), pool.lend(SEARCH_PATH) as side:
            # Whatever fails here closes the side connection, and with it the transaction.
            await side.fetch("BEGIN READ ONLY")
            await side.fetch("SET LOCAL statement_timeout = '2s'")
            await side.fetch("SET LOCAL lock_timeout = '200ms'")
            tables = _tables(await side.fetch(TABLES, array_literal(names)))
            rows: list[tuple[str, ...]] = []
            if 0 < len(tables) <= MOST_TABLES and all(_proven(session, table) for table in tables):
                await session.gateway.approvals.sampled(
                    connection.name, session.requester, [f"{t.schema}.{t.name}" for t in tables], MOST_ROWS
                )
                for table in tables:
                    rows += await _rows(session, side, table)
            await side.fetch("ROLLBACK")
            return tuple(rows)
    except (ServerError, LockgateError, OSError, TimeoutError, ValueError):
        return ()


def _named(statements: Sequence[Statement], facts: Facts, connection: str) -> list[str]:
    """The relations to look at; none unless all that is asked is to read, and every class is known."""
    if not {q.operation for q in facts.questions} <= READS or facts.code:
        return []
    names: set[str] = set()
    for statement in statements:
        analysis = statement.analysis
        if analysis is None or analysis.own or UNCLASSIFIED in analysis.touches | analysis.classes:
            return []
        names |= {name.removeprefix(f"{connection}/") for name in analysis.relations}
    return sorted(names)


def _tables(rows: Sequence[tuple[str | None, ...]]) -> list[_Table]:
    found: dict[str, _Table] = {}
    for oid, schema, name, kind, secured, number, column, type_oid, computed in rows:
        key = oid or ""
        if key not in found:
            found[key] = _Table(int(key), schema or "", name or "", kind or "", False, {}, {})
        found[key].columns[int(number or 0)] = column or ""
        found[key].types[int(number or 0)] = int(type_oid or 0)
        found[key].runs_code |= secured == "t" or computed == "t"
    return list(found.values())


def _proven(session: Session, table: _Table) -> bool:
    """A base table that no code is run for, and of which every column has been reviewed."""
    classes = {_entry(session, table, number).cls for number in table.columns}
    return table.kind == "r" and not table.runs_code and UNCLASSIFIED not in classes


def _entry(session: Session, table: _Table, number: int) -> Entry:
    catalog = session.connection.resolver.catalog.current(session.connection.name)
    place = number, table.types[number]
    return catalog.entry_at(table.schema, table.name, table.oid, table.columns[number], place)


async def _rows(session: Session, side: Side, table: _Table) -> list[tuple[str, ...]]:
    connection = session.connection
    shown = list(table.columns.items())[:MOST_COLUMNS]
    listed = ", ".join(quote(column) for _, column in shown)
    sql = f"SELECT {listed} FROM ONLY {quote(table.schema)}.{quote(table.name)} LIMIT {MOST_ROWS}"  # noqa: S608
    fields = (await side.describe(sql, ())).fields
    if [(f.table_oid, f.attnum) for f in fields] != [(table.oid, number) for number, _ in shown]:
        return []
    outputs = []
    for (number, column), field in zip(shown, fields, strict=True):
        entry = _entry(session, table, number)
        classes = frozenset({entry.cls}) - {"none"}
        base = (table.oid, number)
        outputs.append(Output(column, field.type_oid, classes, base, entry.label, frozenset({base})))
    hidden = frozenset[str]().union(*(output.classes for output in outputs))
    treatment = treat(
        outputs,
        fields,
        Decision(Effect.ALLOW, hidden, frozenset(), (), (), ""),
        # What is only searched for PHI is not proven to hold none.
        {cls: "redact" if how == "detect" else how for cls, how in connection.operators_for(hidden).items()},
        session.gateway.pipeline.may_write(
            session.requester, frozenset({f"{connection.name}/{table.schema}.{table.name}"})
        ),
        connection.mask_key(session.requester),
    )
    plan = treatment.plan(fields, ())
    rows = []
    for row in await side.fetch(sql):
        data = _data_row(row)
        masked = data if plan is None else bytes(rewrite(data, 0, plan)[0])
        values = parse_data_row(masked[5:])
        cells = (_cell(name, value) for (_, name), value in zip(shown, values, strict=True))
        rows.append((f"{table.schema}.{table.name}", *cells))
    return rows


def _cell(name: str, value: bytes | None) -> str:
    text = "null" if value is None else value.decode("utf-8", "replace")
    return f"{name}: {text[:CELL_CHARS]}{'...' if len(text) > CELL_CHARS else ''}"


def _data_row(values: Sequence[str | None]) -> bytes:
    body = struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value.encode())) + value.encode()
    return m.message("D", body)
