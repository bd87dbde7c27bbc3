"""What the analysis needs of the server: describe a statement, and ask the system catalogs. Nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lockgate.gateways.postgres.wire.messages import Field


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


class Side(Protocol):
    """One connection with the session's role and search_path, extended protocol only."""

    async def fetch(self, sql: str, *args: str | None) -> list[tuple[str | None, ...]]: ...

    async def describe(self, sql: str, oids: Sequence[int]) -> Described: ...
