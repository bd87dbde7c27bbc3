"""What a relation or a function is, besides what the analysis walks: everything by which it could do something else.

Nothing here takes a lock or names an OID that a table made again would change: expressions are compared as the server
keeps them, without the places where they stood in a text, and defaults in words.
"""

from __future__ import annotations

PLACES = "':[a-z_]*(location|list_start|list_end) -?[0-9]+'"

REST = f"""
SELECT c.oid, pg_catalog.md5(pg_catalog.string_agg(rest.what, ',' ORDER BY rest.what))
  FROM pg_catalog.pg_class c
 CROSS JOIN LATERAL (
    SELECT ROW ('relation', c.relowner, c.relrowsecurity, c.relforcerowsecurity,
                CASE WHEN c.relkind = 'v' THEN c.reloptions END)::text AS what
    UNION ALL
    SELECT ROW ('column', a.attnum, a.attnotnull, a.attidentity, a.attgenerated, a.atttypmod,
                CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, 0)
                     ELSE pg_catalog.regexp_replace(d.adbin::text, {PLACES}, '', 'g') END)::text
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT ROW ('constraint', k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, k.conkey,
                k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype, ofn.nspname, ofc.relname, ton.nspname,
                toc.relname,
                pg_catalog.regexp_replace(k.conbin::text, {PLACES}, '', 'g'))::text
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class ofc ON ofc.oid = k.conrelid
      JOIN pg_catalog.pg_namespace ofn ON ofn.oid = ofc.relnamespace
      LEFT JOIN pg_catalog.pg_class toc ON toc.oid = k.confrelid
      LEFT JOIN pg_catalog.pg_namespace ton ON ton.oid = toc.relnamespace
     WHERE k.conrelid = c.oid OR k.confrelid = c.oid) AS rest
 WHERE c.oid = ANY ($1::oid[]) GROUP BY c.oid
"""  # noqa: S608 - our own words
"""Of each relation. A foreign key belongs to both of its tables: where it cascades, one changes with the other."""

FUNCTION = """pg_catalog.md5(ROW (p.prosrc, p.probin, p.proconfig, p.prosqlbody, p.prosecdef, p.proowner,
         p.prolang, p.provolatile, p.proisstrict, p.proretset, p.prokind,
         (SELECT g FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid))::text)"""
"""Of the function `p`, an aggregate with the functions that it is made of."""

CODE = f"""
SELECT pg_catalog.md5(pg_catalog.string_agg(ROW (n.nspname, p.proname, p.proargtypes, {FUNCTION})::text, ','
         ORDER BY n.nspname, p.proname, p.proargtypes::text))
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE p.oid >= 16384 AND (n.oid = pg_catalog.pg_my_temp_schema() OR n.nspname !~ '^pg_')
"""  # noqa: S608 - our own words
"""Of all functions of the users' own together: where one of them runs, it may call any other."""
