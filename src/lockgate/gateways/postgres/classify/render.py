"""A statement as a reviewer sees it: the parsed tree, not the text. No comments, no literals, no made-up names.

Each constant becomes a placeholder, equal ones alike (`[text 1]`); LIMIT, option values and names of objects and
roles stay in clear, since that is what the reviewer decides about. Where it cannot be rendered it is uninspectable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lockgate.gateways.postgres.classify.parse import ParseError, Statement, Tree, deparse
from lockgate.gateways.postgres.classify.renaming import renamed

CLEAR = frozenset({"limitCount", "limitOffset", "options", "typeName", "typmods", "DefElem"})
WORDS_OF_COPY = frozenset({"null", "default", "delimiter", "quote", "escape"})
UNINSPECTABLE = "uninspectable: this statement cannot be shown"
LONGEST = 4000


def render(statement: Statement, known: frozenset[str] = frozenset()) -> str:
    """`known` are the names of tables and columns that it reaches; other aliases are renamed."""
    placeholders: dict[tuple[str, str], str] = {}
    if statement.node in ("DoStmt", "CreateFunctionStmt"):
        return f"{UNINSPECTABLE} ({statement.node}: code)"
    tree = renamed(statement.node, statement.tree, known)
    try:
        text = deparse(statement.node, cast("Mapping[str, Tree]", _masked(tree, placeholders)))
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
        if key == "DefElem" and isinstance(value, Mapping) and value.get("defname") in WORDS_OF_COPY:
            out[key] = {
                **value,
                "arg": {"String": _word(repr(value.get("arg")), placeholders)},
            }
        elif key in CLEAR:
            out[key] = _options(value, placeholders) if key == "options" else value
        elif key == "A_Const" and isinstance(value, Mapping) and not value.get("isnull") and "boolval" not in value:
            out[key] = _placeholder(value, placeholders)
        else:
            out[key] = _masked(value, placeholders)
    return out


def _options(value: Tree, placeholders: dict[tuple[str, str], str]) -> Tree:
    """In clear, but for the words that COPY writes for NULL and the like: a client may choose any."""
    return [_masked(item, placeholders) for item in value] if isinstance(value, list) else value


def _placeholder(constant: Mapping[str, Tree], placeholders: dict[tuple[str, str], str]) -> Tree:
    kind = next((k for k in ("sval", "ival", "fval", "bsval") if k in constant), "ival")
    word = {"sval": "text", "ival": "number", "fval": "number", "bsval": "bits"}[kind]
    return {"sval": _word(repr(constant.get(kind)), placeholders, word), "location": 0}


def _word(constant: str, placeholders: dict[tuple[str, str], str], word: str = "text") -> Mapping[str, Tree]:
    key = (word, constant)
    if key not in placeholders:
        placeholders[key] = f"[{word} {len(placeholders) + 1}]"
    return {"sval": placeholders[key]}
