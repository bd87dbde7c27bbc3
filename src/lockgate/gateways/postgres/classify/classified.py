"""What the kind of a statement says of it: the answer of every function in this folder."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockgate.gateways.postgres.classify.nodes import Fields


@dataclass(frozen=True, slots=True)
class Classified:
    """`operations` are what the kind alone says; `inner` is the text to analyse, None when it reads nothing.

    `name` is a cursor's or a prepared statement's, `set` a setting's name and constant value (None: its default).
    """

    kind: str
    operations: tuple[str, ...] = ()
    inner: str | None = None
    types: tuple[str, ...] = ()
    name: str = ""
    set: tuple[str, str | None] | None = None
    refused: str = ""
    hint: str = ""
    runs: bool = True
    copy: Fields | None = field(default=None, repr=False)
    temporary: str = ""
    """The name of the temporary table that it makes."""
    if_missing: bool = False
    """IF NOT EXISTS: there may be an older one of that name, which then stays."""
    whole: bool = False
    """DISCARD ALL, DEALLOCATE ALL, CLOSE ALL, RESET ALL."""


def refuse(why: str, hint: str = "") -> Classified:
    return Classified("refused", refused=why, hint=hint)
