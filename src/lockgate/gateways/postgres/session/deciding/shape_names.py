"""The name under which reads of one kind are counted in the log: the statement without any of its constants.

Coarser than the key that a permit rests on (`keying`): nothing is allowed by this name, and a page number or a longer
list must not make another kind. It is a keyed hash, since a name in a statement could be a patient's.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from lockgate.action import JSON, canonical
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.classify.parse import Tree
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session.deciding.keying import POSITIONS

LABEL = b"lockgate/shape/v1\0"
CONSTANT = {"A_Const": "value"}


def shape_name(secret: bytes, statements: Sequence[Statement]) -> str:
    """64 hexadecimal digits; empty where nothing of it reads a table (BEGIN, SET, SHOW): such are of one kind."""
    if not any(statement.analysis is not None and statement.analysis.relations for statement in statements):
        return ""
    names = [_name(secret, statement) for statement in statements]
    return names[0] if len(names) == 1 else hmac.new(secret, LABEL + canonical(names), "sha256").hexdigest()


def _name(secret: bytes, statement: Statement) -> str:
    """Kept beside the analysis, since a masked read asks for it each time."""
    if not statement.shape:
        try:
            told = canonical({"node": statement.parsed.node, "tree": _bare(statement.parsed.tree)})
        except (LockgateError, RecursionError):
            told = b""  # nested too deep to be hashed: all of these are of one kind
        statement.shape = hmac.new(secret, LABEL + told, "sha256").hexdigest()
    return statement.shape


def _bare(tree: Tree) -> JSON:
    if isinstance(tree, list):
        out: list[JSON] = []
        for item in map(_bare, tree):
            if item != CONSTANT or not out or out[-1] != CONSTANT:
                out.append(item)
        return out
    if not isinstance(tree, Mapping):
        return repr(tree) if isinstance(tree, float) else tree
    if "A_Const" in tree:
        return CONSTANT
    return {key: _bare(value) for key, value in tree.items() if key not in POSITIONS}
