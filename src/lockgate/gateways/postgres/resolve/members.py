"""The tables that a dump of a schema copies, and the columns of each: as pg_dump chooses them, from the catalog."""

from __future__ import annotations

from lockgate.gateways.postgres.classify.dumps import Member
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH

QUERY = """
SELECT c.relname, a.attname
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 WHERE n.nspname = $1 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND c.relkind = 'r' AND c.relpersistence <> 't'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY c.relname, a.attnum
"""
"""Plain tables and the leaves of partitioned ones, but none that an extension made; no generated columns."""


async def members_of(pool: SidePool, schema: str) -> tuple[Member, ...]:
    """Every member of a dump of `schema`, by name; none for a schema that is not there or is the server's own."""
    async with pool.lend(SEARCH_PATH) as side:
        rows = await side.fetch(QUERY, schema)
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        named = columns.setdefault(str(table), [])
        if column is not None:
            named.append(column)
    return tuple(Member(schema, table, tuple(named)) for table, named in columns.items())
