"""Settings that a message names by its parameters: their values are shown only where SHOW would show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lockgate.gateways.postgres.classify.parse import Tree
from lockgate.gateways.postgres.classify.sessions import constants
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.settings.allowed import is_shown

NOT_SHOWN = "only settings of PostgreSQL and of Lockgate are shown"
NOT_SHOWN_HINT = "name one that SHOW ALL lists"


def settings_are_shown(statement: Statement, values: Sequence[bytes | None]) -> bool:
    """`values` are Bind's; those of an EXECUTE stand in its text. A name is the same bytes in text and in binary."""
    if statement.analysis is None or statement.classified.kind == "prepare":
        return True
    numbers = statement.analysis.settings
    if statement.classified.kind == "execute" and numbers:
        given = cast("list[Tree]", statement.parsed.tree.get("params") or [])
        try:
            return all(is_shown(constants([given[number - 1]])) for number in numbers)
        except (ValueError, KeyError, IndexError):
            return False
    named = [values[number - 1] for number in numbers if number <= len(values)]
    return all(name is None or is_shown(name.decode("utf-8", "replace")) for name in named)
