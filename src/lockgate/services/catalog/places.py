"""What the tables of a PHI map are on the server, and whether one that was made again may keep its classes.

A map names columns by what they are there (OID, number, type), not by name alone: renamed, a column of PHI would pass
under the name of another. A nightly restore or dbt makes whole tables anew; people need not look again where the
columns are the same, a new scan proposes nothing that they have not seen, and nobody behind the gateway's role could
have made the table.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.array_literal import array_literal
from lockgate.services.catalog.model import Catalog, Place
from lockgate.services.catalog.propose import Proposal
from lockgate.services.catalog.scan import Asks, scan

PLACES = """
SELECT n.nspname || '.' || c.relname, c.oid, a.attname, a.attnum, a.atttypid
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
   AND n.nspname || '.' || c.relname = ANY ($1::text[])
"""
FOREIGN_MADE = """
SELECT n.nspname || '.' || c.relname
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname || '.' || c.relname = ANY ($1::text[])
   AND NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
   AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
"""
"""Tables that nobody could have made or renamed through the gateway's role."""


async def places_of(side: Asks, tables: Iterable[str]) -> dict[str, Place]:
    """Where these tables (`schema.table`) are now; those that are not there are missing."""
    found: dict[str, tuple[int, dict[str, tuple[int, int]]]] = {}
    for table, oid, column, number, type_oid in await side.fetch(PLACES, array_literal(sorted(tables))):
        _, columns = found.setdefault(table or "", (int(oid or 0), {}))
        columns[column or ""] = (int(number or 0), int(type_oid or 0))
    return {table: Place(oid, columns) for table, (oid, columns) in found.items()}


async def follow(side: Asks, catalog: Catalog) -> tuple[Catalog, dict[str, list[str]]]:
    """The catalog for what its tables are now, and the tables that people must look at, each with the columns that are
    not those they saw: they are PHI.

    A catalog that was accepted without looking at the server takes its tables as they are.
    """
    if not catalog.tables:
        return catalog, {}
    now = await places_of(side, catalog.tables)
    if catalog.places is None:
        return catalog.bound(now), {}
    moved = catalog.moved(now)
    if not moved:
        return catalog, {}
    theirs = {row[0] for row in await side.fetch(FOREIGN_MADE, array_literal(moved))}
    same = [t for t in moved if t in theirs and t in catalog.places and catalog.places[t].same_columns(now[t])]
    new = {p.table for p in await scan(side, only=frozenset(same)) if p.entry.cls != "none" and _clean(catalog, p)}
    kept = [table for table in same if table not in new]
    places = {**catalog.places, **{table: now[table] for table in kept}}
    differing = {table: _others(catalog.places.get(table), now[table]) for table in moved if table not in kept}
    return (catalog.bound(places) if kept else catalog), differing


def _others(seen: Place | None, now: Place) -> list[str]:
    """Columns that are there now, or were, and are not the same."""
    if seen is None or seen.oid != now.oid:
        return sorted(now.columns)
    names = seen.columns.keys() | now.columns.keys()
    return sorted(name for name in names if seen.columns.get(name) != now.columns.get(name))


def _clean(catalog: Catalog, proposed: Proposal) -> bool:
    schema, _, name = proposed.table.partition(".")
    return catalog.entry(schema, name, proposed.column).cls == "none"
