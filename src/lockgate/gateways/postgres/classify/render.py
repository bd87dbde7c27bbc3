"""Statements as a reviewer sees them: the parsed tree, not the text. No comments, no literals, no made-up names.

Each constant becomes a placeholder, equal ones alike over the whole message (`[text 1]`). In clear are names of objects
and roles, the words of options, a bare LIMIT and the lengths of types, since that is what the reviewer decides about.
Where it cannot be rendered it is uninspectable. Nothing is cut: what is too long is refused where it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from lockgate.gateways.postgres.classify.literals import covered, is_keyword, literal_fields, names_nothing
from lockgate.gateways.postgres.classify.parse import ParseError, Statement, Tree, deparse
from lockgate.gateways.postgres.classify.renaming import renamed

CODE = ("DoStmt", "CreateFunctionStmt")
BOUNDS = frozenset({"limitCount", "limitOffset"})
UNINSPECTABLE = "uninspectable: this statement cannot be shown"


@dataclass(slots=True)
class Placeholders:
    """Names for values, equal ones alike; one for a whole message."""

    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, kind: str, value: str) -> str:
        """`kind` is text, number or bits: what SQL calls it."""
        return self._names.setdefault((kind, value), f"[{kind} {len(self._names) + 1}]")

    def __contains__(self, word: object) -> bool:
        return word in self._names.values()


@dataclass(frozen=True, slots=True)
class Rendered:
    """`text` is all of it; `hidden` says what of it cannot be shown, and is empty where everything can."""

    text: str
    hidden: str = ""


def render(
    statements: Sequence[tuple[Statement, frozenset[str]]], placeholders: Placeholders | None = None
) -> Rendered:
    """Each statement comes with the names of tables and columns that it reaches; other aliases are renamed."""
    names = placeholders if placeholders is not None else Placeholders()
    shown = [_one(statement, known, names) for statement, known in statements]
    return Rendered(
        ";\n".join(one.text for one in shown), "; ".join(dict.fromkeys(o.hidden for o in shown if o.hidden))
    )


def _one(statement: Statement, known: frozenset[str], placeholders: Placeholders) -> Rendered:
    if statement.node in CODE:
        return _hidden(f"{statement.node}: code")
    tree = renamed(statement.node, statement.tree, known)
    try:
        masked = _Masking(known, placeholders).fields(statement.node, tree)
        text = covered(deparse(statement.node, masked), placeholders)
    except (ParseError, RecursionError):
        return _hidden(statement.node)
    # A name may hold a line break: what follows it must not pass for a line of ours.
    return Rendered(text.replace("\r", "\\r").replace("\n", "\\n"))


def _hidden(what: str) -> Rendered:
    return Rendered(f"{UNINSPECTABLE} ({what})", f"{what} cannot be shown" if ":" not in what else what)


@dataclass(frozen=True, slots=True)
class _Masking:
    """Every string of the tree that is no name, and every number that is no bound, as a placeholder."""

    known: frozenset[str]
    placeholders: Placeholders

    def fields(self, node: str, tree: Mapping[str, Tree]) -> Mapping[str, Tree]:
        return cast("Mapping[str, Mapping[str, Tree]]", self.tree({node: tree}, ""))[node]

    def tree(self, tree: Tree, place: str) -> Tree:
        """`place` is the field in which a string of its own (`String`) stands: whether that is a name hangs on it."""
        if isinstance(tree, list):
            return [self.tree(item, place) for item in tree]
        if not isinstance(tree, Mapping):
            return tree
        return {key: self._field(key, value, place) for key, value in tree.items()}

    def _field(self, key: str, value: Tree, place: str) -> Tree:
        if isinstance(value, str):
            return self.placeholders.of("text", value) if value and key in literal_fields() else value
        if not isinstance(value, Mapping | list):
            return value
        if key == "A_Const" and isinstance(value, Mapping):
            return self._constant(value)
        if key == "String" and isinstance(value, Mapping):
            return {**value, "sval": self._string(str(value.get("sval", "")), place)}
        if (key in BOUNDS and _is_bound(value)) or (key == "typmods" and _are_lengths(value)):
            return value
        if key == "DefElem" and isinstance(value, Mapping):
            return {name: self._option(name, item) for name, item in value.items()}
        return self.tree(value, place if key in ("List", "items") else key)

    def _option(self, name: str, value: Tree) -> Tree:
        """A word that only a keyword can be stays; a type's name is how the grammar reads a bare word there."""
        if isinstance(value, Mapping) and isinstance(value.get("TypeName"), Mapping) and not _is_plain(value):
            return {"String": {"sval": self.placeholders.of("text", repr(value))}}
        return self._field(name, value, "") if isinstance(value, str) else self.tree(value, name)

    def _string(self, word: str, place: str) -> str:
        if not names_nothing(place) or not word:
            return word
        return word if is_keyword(word) or word in self.known else self.placeholders.of("text", word)

    def _constant(self, value: Mapping[str, Tree]) -> Tree:
        if value.get("isnull") or "boolval" in value:
            return value
        for key, field_, kind in (("sval", "sval", "text"), ("fval", "fval", "number"), ("bsval", "bsval", "bits")):
            inner = value.get(key)
            if isinstance(inner, Mapping):
                return self._placeholder(kind, str(inner.get(field_, "")))
        inner = value.get("ival")
        return self._placeholder("number", str(inner.get("ival", 0) if isinstance(inner, Mapping) else inner))

    def _placeholder(self, kind: str, value: str) -> Tree:
        return {"sval": {"sval": self.placeholders.of(kind, value)}, "location": 0}


def _is_bound(value: Tree) -> bool:
    """LIMIT with a number and nothing around it but a cast."""
    while isinstance(value, Mapping) and isinstance(value.get("TypeCast"), Mapping):
        value = cast("Mapping[str, Tree]", value["TypeCast"]).get("arg")
    constant = value.get("A_Const") if isinstance(value, Mapping) else None
    return isinstance(constant, Mapping) and not constant.keys() & {"sval", "bsval"}


def _are_lengths(value: Tree) -> bool:
    constants = [item.get("A_Const") for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
    return all(isinstance(constant, Mapping) and "ival" in constant for constant in constants)


def _is_plain(value: Mapping[str, Tree]) -> bool:
    """`simple` as opposed to `"Jane Doe"`."""
    named = cast("Mapping[str, Tree]", value["TypeName"]).get("names")
    words = [cast("Mapping[str, Mapping[str, Tree]]", item)["String"].get("sval") for item in cast("list[Tree]", named)]
    return all(isinstance(word, str) and word.replace("_", "a").isalpha() and word.isascii() for word in words)
