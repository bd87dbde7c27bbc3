"""A statement as a reviewer sees it: the parsed tree, not the text. No comments, no literals, aliases as they are.

Each constant becomes a placeholder, equal ones alike (`[text 1]`); LIMIT, option values and names of objects and
roles stay in clear, since that is what the reviewer decides about. Where it cannot be rendered it is uninspectable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lockgate.gateways.postgres.classify.parse import ParseError, Statement, Tree, deparse

CLEAR = frozenset({"limitCount", "limitOffset", "options", "typeName", "typmods", "DefElem"})
UNINSPECTABLE = "uninspectable: this statement cannot be shown"
LONGEST = 4000


def render(statement: Statement) -> str:
    placeholders: dict[tuple[str, str], str] = {}
    if statement.node in ("DoStmt", "CreateFunctionStmt"):
        return f"{UNINSPECTABLE} ({statement.node}: code)"
    try:
        text = deparse(statement.node, cast("Mapping[str, Tree]", _masked(dict(statement.tree), placeholders)))
    except ParseError:
        return f"{UNINSPECTABLE} ({statement.node})"
    escaped = "".join(c if c == "\n" or 32 <= ord(c) < 127 else f"\\u{ord(c):04x}" for c in text)
    return escaped if len(escaped) <= LONGEST else escaped[:LONGEST] + " …"


def _masked(tree: Tree, placeholders: dict[tuple[str, str], str]) -> Tree:
    if isinstance(tree, list):
        return [_masked(item, placeholders) for item in tree]
    if not isinstance(tree, Mapping):
        return tree
    out: dict[str, Tree] = {}
    for key, value in tree.items():
        if key in CLEAR:
            out[key] = value
        elif key == "A_Const" and isinstance(value, Mapping) and not value.get("isnull") and "boolval" not in value:
            out[key] = _placeholder(value, placeholders)
        else:
            out[key] = _masked(value, placeholders)
    return out


def _placeholder(constant: Mapping[str, Tree], placeholders: dict[tuple[str, str], str]) -> Tree:
    kind = next((k for k in ("sval", "ival", "fval", "bsval") if k in constant), "ival")
    word = {"sval": "text", "ival": "number", "fval": "number", "bsval": "bits"}[kind]
    key = (word, repr(constant.get(kind)))
    if key not in placeholders:
        placeholders[key] = f"[{word} {len(placeholders) + 1}]"
    return {"sval": {"sval": placeholders[key]}, "location": 0}
