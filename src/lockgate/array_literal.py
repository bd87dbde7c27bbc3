"""A list as one text parameter of PostgreSQL: `{"a","b"}` (its documentation, 8.15.6 Array Input and Output Syntax)."""

from __future__ import annotations

from collections.abc import Iterable


def array_literal(items: Iterable[str | int]) -> str:
    """Every item quoted, in order, so that none of its characters means anything; numbers may be read as numbers."""
    return "{" + ",".join('"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items) + "}"
