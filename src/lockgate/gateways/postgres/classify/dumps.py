"""What pg_dump says: its COPY of one table, and the few settings that it cannot go on without.

A dump is declared when the session begins (`lockgate.plan=dump:SCHEMA`). Here is only what is recognised; whether it
may run is another's business. What goes upstream is written here and qualified, so that no function or table of the
client's own, on whatever search_path, stands for the one that is meant.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lockgate.gateways.postgres.classify.nodes import Fields, quote, string
from lockgate.gateways.postgres.classify.parse import Statement, Tree, parse

PLAN = "lockgate.plan"
PROGRAMS = frozenset({"pg_dump", "pg_dumpall"})
"""What they call themselves; only to say early what they need."""

DECLARE_IT = "declare the dump: PGOPTIONS='-c lockgate.plan=dump:SCHEMA' pg_dump --schema=SCHEMA …"

_COPY = frozenset({"relation", "attlist"})
_RELATION = frozenset({"schemaname", "relname", "inh", "relpersistence", "location"})

_EMPTY_PATH = (
    "SELECT pg_catalog.set_config('search_path', '', false)",
    # With '' the server would look into pg_temp first, and a temporary table would stand before a real one.
    "SELECT pg_catalog.set_config('search_path', 'pg_temp', false)",
)
_ONLY_SYSTEM_VIEWS = (
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings"
    " WHERE name = 'restrict_nonsystem_relation_kind'",
    "SELECT pg_catalog.set_config(name, 'view, foreign-table', false) FROM pg_catalog.pg_settings"
    " WHERE name OPERATOR(pg_catalog.=) 'restrict_nonsystem_relation_kind'",
)
# Off, a table with row policies is an error for a role that they hold for; it shows no row more.
_NO_ROW_POLICIES = ("SET row_security = off", "SET row_security = off")


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """One table of a dump, with the columns that its COPY names in their order."""

    schema: str
    table: str
    columns: tuple[str, ...]

    @property
    def text(self) -> str:
        """The statement, as it is approved and as it goes upstream."""
        listed = f" ({', '.join(map(quote, self.columns))})" if self.columns else ""
        return f"COPY {quote(self.schema)}.{quote(self.table)}{listed} TO STDOUT"


@dataclass(frozen=True, slots=True)
class Preparation:
    """A setting that pg_dump makes: the text for upstream, and whether the search_path is another afterwards."""

    text: str
    moves_path: bool


def schema_of(plan: str) -> str:
    """The schema of `dump:SCHEMA`; empty for what is no plan."""
    word, colon, schema = plan.partition(":")
    return schema if word == "dump" and colon else ""


def member_of(statement: Statement) -> Member | None:
    """The table and columns of `COPY schema.table (columns) TO stdout` without any option; None for all else."""
    tree = statement.tree
    if statement.node != "CopyStmt" or any(value for key, value in tree.items() if key not in _COPY):
        return None
    relation = cast(Fields, tree.get("relation") or {})
    if set(relation) - _RELATION or not relation.get("schemaname"):
        return None
    try:
        columns = tuple(string(item) for item in cast("list[Tree]", tree.get("attlist") or []))
    except ValueError:
        return None
    return Member(str(relation["schemaname"]), str(relation["relname"]), columns)


def preparation_of(statement: Statement) -> Preparation | None:
    """What goes upstream for a setting of pg_dump's; None for all else."""
    if statement.node not in ("SelectStmt", "VariableSetStmt"):
        return None
    shape = _bare(dict(statement.tree))
    for node, known, text, moves_path in _known():
        if node == statement.node and known == shape:
            return Preparation(text, moves_path)
    return None


@functools.cache
def _known() -> tuple[tuple[str, Tree, str, bool], ...]:
    found = []
    for theirs, ours in (_EMPTY_PATH, _ONLY_SYSTEM_VIEWS, _NO_ROW_POLICIES):
        (statement,) = parse(theirs.encode())
        found.append((statement.node, _bare(dict(statement.tree)), ours, theirs is _EMPTY_PATH[0]))
    return tuple(found)


def _bare(tree: Tree) -> Tree:
    """The tree without where in the text each part stood."""
    if isinstance(tree, Mapping):
        return {key: _bare(value) for key, value in tree.items() if key != "location"}
    if isinstance(tree, list):
        return [_bare(item) for item in tree]
    return tree
