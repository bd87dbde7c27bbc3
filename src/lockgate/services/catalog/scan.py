"""`lockgate catalog scan`: read names, types and a sample of content, and propose a class for every column.

The sample is the gateway's own read-only query; its values are looked at in memory and go nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lockgate.services.catalog.propose import Proposal, propose

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, NULL),
       a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^(nextval|gen_random_uuid|uuidv7)',
       pg_catalog.has_table_privilege(c.oid, 'SELECT')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
 ORDER BY 1, 2, a.attnum
"""
SAMPLED_TYPES = ("text", "character varying", "character", "json", "jsonb")


class Asks(Protocol):
    async def fetch(self, sql: str, *args: str | None) -> list[tuple[str | None, ...]]: ...


async def scan(
    side: Asks,
    *,
    sample_rows: int = 20,
    progress: Callable[[str], None] | None = None,
    only: frozenset[str] | None = None,
) -> list[Proposal]:
    """A proposal for every column that the gateway's role can see; `only` of these tables, if it is given."""
    proposals = []
    for schema, table, column, type_name, generated, readable in await side.fetch(COLUMNS):
        name = f"{schema}.{table}"
        if only is not None and name not in only:
            continue
        if progress is not None:
            progress(name)
        sample: list[str] = []
        if sample_rows and readable == "t" and type_name in SAMPLED_TYPES:
            rows = await side.fetch(
                f"SELECT left({_quote(column)}::text, 2000) FROM {_quote(schema)}.{_quote(table)}"  # noqa: S608
                f" WHERE {_quote(column)} IS NOT NULL LIMIT {int(sample_rows)}"
            )
            sample = [row[0] or "" for row in rows]
        proposals.append(propose(name, column or "", type_name or "", generated == "t", sample))
    return proposals


def _quote(name: str | None) -> str:
    return '"' + (name or "").replace('"', '""') + '"'
