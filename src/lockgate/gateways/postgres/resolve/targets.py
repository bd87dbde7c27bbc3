"""What a statement that is not analysed would change: GRANT, ALTER, CREATE INDEX and their like name it themselves.

Every word of the tree is taken for a name: what merely shares it is watched as well, and nothing that is meant is
missed, whichever node holds it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.action import JSON
from lockgate.gateways.postgres.classify.nodes import Fields
from lockgate.gateways.postgres.classify.parse import Tree
from lockgate.gateways.postgres.lineage.loading import named
from lockgate.gateways.postgres.lineage.metadata import Metadata
from lockgate.gateways.postgres.lineage.side import Side

WHOLE_SCHEMA = "ACL_TARGET_ALL_IN_SCHEMA"
LONGEST_NAME_BYTES = 63


async def targets(side: Side, tree: Fields) -> JSON:
    """The preconditions of such a statement: OID, name and definition of the users' own relations and functions that
    it names (all of a schema's where it says so)."""
    found: Metadata = await named(side, words(tree), whole_schemas=tree.get("targtype") == WHOLE_SCHEMA)
    return found.preconditions()


def words(tree: Tree) -> frozenset[str]:
    """Every string in the tree that is short enough for a name."""
    seen: set[str] = set()
    stack: list[object] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if len(item.encode()) <= LONGEST_NAME_BYTES:
                seen.add(item)
        elif isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return frozenset(seen)
