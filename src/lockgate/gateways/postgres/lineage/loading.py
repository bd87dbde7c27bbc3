"""Asks the server's catalogs for everything that a tree reaches, to a fixed point, before anything is judged: what
follows is pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from lockgate.apart import apart
from lockgate.array_literal import array_literal
from lockgate.gateways.postgres.lineage.definitions import CODE, FUNCTION, REST
from lockgate.gateways.postgres.lineage.metadata import Function, Metadata, Relation
from lockgate.gateways.postgres.lineage.nodetree import (
    FUNCTION_FIELDS,
    Node,
    NodeTreeError,
    Value,
    every_node,
    read,
)
from lockgate.gateways.postgres.lineage.side import Row, Side

RELATIONS = """
WITH RECURSIVE reached (oid) AS (
  SELECT pg_catalog.unnest($1::oid[])
  UNION
  SELECT i.inhrelid FROM reached r JOIN pg_catalog.pg_inherits i ON i.inhparent = r.oid
    JOIN pg_catalog.pg_class h ON h.oid = i.inhrelid
   WHERE h.relpersistence <> 't' OR h.relnamespace = pg_catalog.pg_my_temp_schema())
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, greatest(c.reltuples, 0)::int8,
       c.relchecks > 0 OR c.relhasindex OR c.relhastriggers OR c.relkind = 'p' OR c.relispartition
         OR EXISTS (SELECT FROM pg_catalog.pg_attribute g
                     WHERE g.attrelid = c.oid AND g.attnum > 0 AND (g.attgenerated <> '' OR g.attnotnull)),
       c.relispartition, c.relrowsecurity,
       (SELECT pg_catalog.string_agg(i.inhrelid::text, ' ' ORDER BY i.inhrelid) FROM pg_catalog.pg_inherits i
          JOIN reached r ON r.oid = i.inhrelid WHERE i.inhparent = c.oid),
       EXISTS (SELECT FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
                WHERE g.tgrelid = c.oid AND g.tgisinternal AND f.proname ~ '^RI_FKey_(cascade|set)'),
       code.md5, a.attnum, a.attname, a.atttypid
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT pg_catalog.md5(pg_catalog.string_agg(what, ',' ORDER BY what)) FROM (
      SELECT pg_catalog.concat_ws('/', 'trigger', t.tgname, t.tgtype, t.tgenabled, t.tgqual, t.tgargs, t.tgattr,
               f.oid, f.prosrc, f.proconfig, f.prosqlbody) AS what
        FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
       WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
      UNION ALL
      SELECT pg_catalog.concat_ws('/', 'policy', p.polname, p.polcmd, p.polpermissive, p.polroles, p.polqual,
               p.polwithcheck, c.relrowsecurity, c.relforcerowsecurity) FROM pg_catalog.pg_policy p
       WHERE p.polrelid = c.oid
      UNION ALL
      SELECT pg_catalog.concat_ws('/', 'rule', r.rulename, r.ev_type, r.ev_enabled, r.is_instead, r.ev_qual,
               r.ev_action) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'
      UNION ALL
      SELECT pg_catalog.concat_ws('/', 'function', f.oid, f.prosrc, f.proconfig, f.prosqlbody)
        FROM (
          SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, e.oid FROM pg_catalog.pg_attrdef e
           WHERE e.adrelid = c.oid
          UNION ALL
          SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid FROM pg_catalog.pg_constraint k
           WHERE k.conrelid = c.oid
          UNION ALL
          SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid FROM pg_catalog.pg_index i
           WHERE i.indrelid = c.oid
          UNION ALL
          SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid) AS part (class, oid)
        JOIN pg_catalog.pg_depend d ON d.classid = part.class AND d.objid = part.oid
         AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        JOIN pg_catalog.pg_proc f ON f.oid = d.refobjid AND f.oid >= 16384
      ) AS code (what)
  ) AS code (md5)
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.oid IN (SELECT r.oid FROM reached r) ORDER BY c.oid, a.attnum
"""
"""These and all that inherits from them, however far down, partitions among them; not other sessions' temporary tables,
which the server does not read either."""
RULES = """
SELECT r.ev_class, r.ev_action::text FROM pg_catalog.pg_rewrite r
 WHERE r.ev_type = '1' AND r.ev_class = ANY ($1::oid[])
"""
FUNCTIONS = f"""
SELECT p.oid, n.nspname, p.proname, p.provolatile, l.lanname, {FUNCTION}
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE p.oid = ANY ($1::oid[])
"""  # noqa: S608 - our own words
NAMED_RELATIONS = """
SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384 AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
   AND (c.relname = ANY ($1::text[]) OR ($2::bool AND n.nspname = ANY ($1::text[])))
"""
NAMED_FUNCTIONS = """
SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE p.oid >= 16384 AND (p.proname = ANY ($1::text[]) OR ($2::bool AND n.nspname = ANY ($1::text[])))
"""


async def load(side: Side, tree: Value, much: bool = False) -> Metadata:
    """Everything reached from `tree`, through views of views; `much` says that the tree is large."""
    metadata = Metadata()
    pending: list[Value] = [tree]
    while pending:
        relids, funcids = await apart(partial(_named, pending), much)
        pending = await _ask(side, relids - set(metadata.relations), funcids - set(metadata.functions), metadata)
    await _defined(side, metadata)
    return metadata


def _named(trees: Iterable[Value]) -> tuple[set[int], set[int]]:
    """The OIDs of the relations and of the functions that these trees name."""
    relids: set[int] = set()
    funcids: set[int] = set()
    for tree in trees:
        for node in every_node(tree):
            if node.name == "RANGETBLENTRY" and node.text("rtekind") in ("0", "1") and node.text("relid"):
                relids.add(node.number("relid"))
            for name in FUNCTION_FIELDS:
                if node.text(name) not in ("", "0"):
                    funcids.add(node.number(name))
    return relids - {0}, funcids - {0}


async def named(side: Side, names: Iterable[str], *, whole_schemas: bool) -> Metadata:
    """The users' own relations and functions of these names, in any schema; all in the schemas of these names too."""
    metadata = Metadata()
    array = array_literal(sorted(names))
    whole = "true" if whole_schemas else "false"
    relations, functions = await side.fetch_all((NAMED_RELATIONS, array, whole), (NAMED_FUNCTIONS, array, whole))
    await _ask(side, {int(row[0] or 0) for row in relations}, {int(row[0] or 0) for row in functions}, metadata)
    await _defined(side, metadata)
    return metadata


async def _defined(side: Side, metadata: Metadata) -> None:
    """Add the rest of the definitions of the users' own relations, and all code where some of it can run."""
    own = sorted(oid for oid, relation in metadata.relations.items() if not relation.builtin)
    code = [(CODE,)] if metadata.runs_code else []
    if not own and not code:
        return
    rest, *whole = await side.fetch_all((REST, array_literal(own)), *code)
    for oid, definition in rest:
        metadata.relations[int(oid or 0)].rest = definition or ""
    metadata.code = str(whole[0][0][0]) if whole else ""


async def _ask(side: Side, relids: set[int], funcids: set[int], metadata: Metadata) -> list[Value]:
    """Add these to the metadata, in one round trip; the rules of those that are views."""
    array = array_literal(sorted(relids))
    questions = [(RELATIONS, array), (RULES, array)] if relids else []
    questions += [(FUNCTIONS, array_literal(sorted(funcids)))] if funcids else []
    found = await side.fetch_all(*questions) if questions else []
    if funcids:
        _functions(found[-1], metadata)
    return _relations(found[0], found[1], metadata) if relids else []


def _relations(described: Iterable[Row], ruled: Iterable[Row], metadata: Metadata) -> list[Value]:
    for row in described:
        oid, schema, name, kind, persistence, rows, *facts, attnum, column, type_oid = row
        judges, partition, secured, children, cascades, code = facts
        relation = metadata.relations.setdefault(
            int(oid or 0),
            Relation(int(oid or 0), schema or "", name or "", kind or "", persistence == "t", int(rows or 0)),
        )
        relation.judges, relation.code = judges == "t", code or ""
        relation.partition, relation.secured, relation.cascades = partition == "t", secured == "t", cascades == "t"
        relation.children = tuple(map(int, (children or "").split()))
        if attnum is not None:
            relation.columns[int(attnum)] = (column or "", int(type_oid or 0))
    rules: list[Value] = []
    for oid, action in ruled:
        relation = metadata.relations[int(oid or 0)]
        tree = read(action or "")
        queries = tree if isinstance(tree, list) else [tree]
        if len(queries) != 1 or not isinstance(queries[0], Node) or queries[0].name != "QUERY":
            raise NodeTreeError("a view has no single query")
        relation.rule = queries[0]
        rules.append(queries[0])
    return rules


def _functions(described: Iterable[Row], metadata: Metadata) -> None:
    for oid, schema, name, volatility, language, definition in described:
        metadata.functions[int(oid or 0)] = Function(
            int(oid or 0), schema or "", name or "", volatility or "v", language or "", definition or ""
        )
