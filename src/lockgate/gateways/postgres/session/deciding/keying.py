"""The name of a statement without its values: what a standing grant covers, and a permit that people agreed to.

It is a keyed hash over the parsed tree, so that nothing in it can be guessed. A value is left out only where it is an
operand, a member of a list or a value to be stored; in any other place (a LIMIT, an ordinal, an argument of a function,
a name in a string) another value may mean another thing, so there it is part of the name. The database, search_path,
the settings by which values are read, the types of the parameters and the definitions of all that is reached belong to
it; their OIDs do not, so that a table
which is made again each night stays the same. A session that holds temporary objects has no such names.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.action import JSON, canonical
from lockgate.gateways.postgres.classify.parse import Tree
from lockgate.gateways.postgres.resolve.statement import Statement

if TYPE_CHECKING:
    from lockgate.gateways.postgres.session.session import Session

LABEL = b"lockgate/statement/v1\0"

OF_THE_SESSION = frozenset(
    """
    execute prepare deallocate declare fetch close set reset show requests receipt discard transaction lock notify temp
    refused
    """.split()
)
"""Kinds whose meaning is what the session did before."""

WITH_VALUES = frozenset("SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt CopyStmt".split())

OPEN = WITH_VALUES | frozenset(
    """
    A_Expr A_ArrayExpr BoolExpr NullTest BooleanTest List ResTarget SubLink TypeCast CollateClause CaseExpr CaseWhen
    CoalesceExpr MinMaxExpr RowExpr MultiAssignRef SetToDefault CommonTableExpr RangeSubselect JoinExpr MergeWhenClause
    OnConflictClause
    """.split()
)
"""Nodes through which a constant is still only a value; below any other it is part of what the statement says."""

CLOSED = frozenset(
    """
    sortClause groupClause distinctClause windowClause limitCount limitOffset options typeName typmods
    """.split()
)
"""Fields of those nodes in which a constant is none: an ordinal, a bound, an option, a length."""

POSITIONS = frozenset(
    "location name_location stmt_location stmt_len list_start list_end rexpr_list_start rexpr_list_end".split()
)
"""Where in the text it stood."""


def statement_key(session: Session, statements: Sequence[Statement]) -> str:
    """The same for the same statements with other values, 64 hexadecimal digits; empty where none can be the same."""
    if session.local_objects or session.temporary or not statements:
        return ""
    try:
        return _key(session, statements)
    except RecursionError:
        return ""


def _key(session: Session, statements: Sequence[Statement]) -> str:
    told: list[JSON] = []
    for statement in statements:
        analysis = statement.analysis
        if statement.executes is not None or statement.classified.kind in OF_THE_SESSION:
            return ""
        if analysis is not None and analysis.own:
            return ""
        free = statement.parsed.node in WITH_VALUES and not (analysis is not None and analysis.code)
        told.append(
            {
                "node": statement.parsed.node,
                "tree": _named(statement.parsed.tree, free),
                "types": [] if analysis is None else list(analysis.parameter_oids),
                "rests_on": _definitions(statement.preconditions),
            }
        )
    named: dict[str, JSON] = {
        "connection": session.connection.name,
        "upstream": session.connection.target.identity,
        "under": session.settings.under(),
        "statements": told,
    }
    return hmac.new(session.connection.secret, LABEL + canonical(named), "sha256").hexdigest()


def _named(tree: Tree, free: bool) -> JSON:
    """The tree as it is hashed: without positions, and where `free` with no more of a constant than its kind."""
    if isinstance(tree, list):
        return [_named(item, free) for item in tree]
    if not isinstance(tree, Mapping):
        return repr(tree) if isinstance(tree, float) else tree
    out: dict[str, JSON] = {}
    for key, value in tree.items():
        if key in POSITIONS:
            continue
        if key == "A_Const" and isinstance(value, Mapping) and free and not value.get("isnull"):
            out[key] = "boolean" if "boolval" in value else "value"
        elif key == "TypeCast" and isinstance(value, Mapping):
            out[key] = _named(value, free and not _names_an_object(value))
        elif key[:1].isupper():
            out[key] = _named(value, free and key in OPEN)
        else:
            out[key] = _named(value, free and key not in CLOSED)
    return out


def _names_an_object(cast: Mapping[str, Tree]) -> bool:
    """`'patient'::regclass` is a name, and so is whatever is cast to a type that we cannot tell."""
    type_name = cast.get("typeName")
    names = type_name.get("names") if isinstance(type_name, Mapping) else None
    if not isinstance(names, list) or not names or not isinstance(names[-1], Mapping):
        return True
    last = names[-1].get("String")
    return not isinstance(last, Mapping) or str(last.get("sval", "reg")).startswith("reg")


def _definitions(preconditions: JSON) -> JSON:
    """Names and definitions of what it rests on, OIDs apart; what has another form is taken whole."""
    if not isinstance(preconditions, list):
        return preconditions
    known = [one[1:] if isinstance(one, list) and len(one) == 3 else one for one in preconditions]
    return sorted(known, key=canonical)
