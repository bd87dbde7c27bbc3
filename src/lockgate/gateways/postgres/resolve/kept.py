"""Whether the server may keep to what it found for a prepared statement, where the same text would find another now.

It reads such a text anew when something that it found has changed, or the search_path has. A table that is made where
the search finds it first, or a function that fits better, is no change of what it found: it goes on with the old one.
"""

from __future__ import annotations

from lockgate.action import JSON
from lockgate.array_literal import array_literal
from lockgate.gateways.postgres.lineage.side import Side

STILL_THERE = """
SELECT c.oid, pg_catalog.concat(n.nspname, '.', c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])
UNION ALL
SELECT p.oid, pg_catalog.concat(n.nspname, '.', p.proname)
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = ANY ($1::oid[])
"""


async def may_be_kept(side: Side, before: JSON, now: JSON) -> bool:
    """`before` and `now` are what it rests on. True where something that it rested on gave its name to another and is
    there still, under its own."""
    old, new = _named(before), _named(now)
    gained = {_short(name) for oid, name in new.items() if oid not in old}
    lost = {oid: name for oid, name in old.items() if oid not in new and _short(name) in gained}
    if not lost:
        return False
    rows = await side.fetch(STILL_THERE, array_literal(sorted(lost)))
    return any(lost.get(int(oid or 0)) == name for oid, name in rows)


def _named(preconditions: JSON) -> dict[int, str]:
    """OIDs and qualified names; what has another form names nothing."""
    found: dict[int, str] = {}
    for one in preconditions if isinstance(preconditions, list) else ():
        if isinstance(one, list) and len(one) == 3 and isinstance(one[0], int):
            found[one[0]] = str(one[1])
    return found


def _short(name: str) -> str:
    return name.rpartition(".")[2]
