"""A message of a batch on its way upstream, and what the server is given in place of one that was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lockgate.gateways.postgres.answers import Kind, Step
from lockgate.gateways.postgres.resolve.statement import Statement
from lockgate.gateways.postgres.session.deciding import Passed
from lockgate.gateways.postgres.wire import messages as m
from lockgate.pipeline import Ticket

REFUSED_NAME = "lockgate_refused"


@dataclass(slots=True)
class Item:
    """One message on its way: what goes upstream and what will be answered."""

    out: bytes
    steps: list[Step] = field(default_factory=list)
    ticket: Ticket | None = None
    statements: tuple[Statement, ...] = ()
    admitted: Callable[[Passed], None] | None = None


def rejected(error: bytes) -> Item:
    """What the server must reject, so that its transaction fails, and the error that the client sees of it."""
    return Item(m.parse(REFUSED_NAME, b"refused by lockgate", ()), [Step(Kind.PARSE, refusal=error)])
