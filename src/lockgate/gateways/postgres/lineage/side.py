"""What the analysis needs of the server: describe a statement, and ask the system catalogs. Nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from lockgate.gateways.postgres.wire.parsing import Field


class ServerError(Exception):
    """The server refused; `message` speaks of names in the client's own text."""

    def __init__(self, sqlstate: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate
        self.message = message
        self.fields = dict(fields or {})


@dataclass(frozen=True, slots=True)
class Described:
    """Parameter types and result columns as the server reports them."""

    parameter_oids: tuple[int, ...]
    fields: tuple[Field, ...]


Row: TypeAlias = "tuple[str | None, ...]"
Question: TypeAlias = "tuple[str, *tuple[str | None, ...]]"
"""A statement of our own and its text parameters."""


class Side(Protocol):
    """One connection with the session's role and search_path, extended protocol only."""

    async def fetch(self, sql: str, *args: str | None) -> list[Row]: ...

    async def fetch_all(self, *questions: Question) -> list[list[Row]]:
        """The rows of each, asked in one round trip; the first that fails ends them all."""
        ...

    async def describe(self, sql: str, oids: Sequence[int]) -> Described: ...

    async def describe_aloud(self, sql: str, oids: Sequence[int]) -> tuple[Described, list[Mapping[str, str]]]:
        """The same, and what the server logs of it (fields of its notices) while it prints analysed statements."""
        ...
