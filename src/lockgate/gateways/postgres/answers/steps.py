"""What is awaited of the server: a `Step` for each message sent, a `Part` for each result, a `Run` for each run."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from lockgate.gateways.postgres.masking._rows import RowPlan
from lockgate.gateways.postgres.masking.copy_rows import CopyRewriter
from lockgate.gateways.postgres.masking.treatment import Treatment
from lockgate.services.shapes import Shape

CAP_REACHED = "54000"
"""program_limit_exceeded"""


class CapReached(Exception):
    """More rows or bytes than the action's cap: the session ends before they leave."""


class Kind(Enum):
    PARSE = auto()
    BIND = auto()
    DESCRIBE_STATEMENT = auto()
    DESCRIBE_PORTAL = auto()
    EXECUTE = auto()
    CLOSE = auto()
    SYNC = auto()
    QUERY = auto()
    INTERNAL = auto()
    FAST = auto()


@dataclass(slots=True)
class Run:
    """One execution in the making: what to tell the log when its transaction has ended."""

    finish: Callable[[str, int, int, str], None]
    writes: bool = False
    row_cap: int = 0
    byte_cap: int = 0
    rows: int = 0
    bytes: int = 0
    completed: bool = False
    code: str = ""
    held_back: bool = False
    """Whether its commit is sent only once it has run."""

    def count(self, rows: int, bytes_: int) -> None:
        """About to leave: CapReached where that is more than was approved, and then they do not."""
        if (self.row_cap and self.rows + rows > self.row_cap) or (
            self.byte_cap and self.bytes + bytes_ > self.byte_cap
        ):
            self.code = CAP_REACHED
            raise CapReached("the stream has reached the cap that was set for it, and ends here")
        self.rows += rows
        self.bytes += bytes_


@dataclass(slots=True)
class Part:
    """One statement's result: how it is treated, whether its errors may be read, what to do when it completes."""

    treatment: Treatment | None = None
    clear_errors: bool = True
    run: Run | None = None
    shape: Shape | None = None
    """What a masked read is counted on; there is a `run` or a `shape`, not both."""
    last: bool = True
    """Whether the run has completed when this has: one run may be several statements of one message."""
    completed: Callable[[bytes], None] | None = None
    copy_options: object = None
    plan: RowPlan | None = None
    copy: CopyRewriter | None = None
    copies_out: bool = False
    counted: tuple[Run, ...] = ()
    """Runs besides its own whose caps its rows count against: of the cursor that it fetches from."""
    _begun: bool = False
    _ended: bool = False

    def begins(self) -> None:
        """About to go upstream, to be executed; a portal that gives its rows in turns is one run."""
        if self.shape is not None and self.last and not self._begun:
            self._begun = True
            self.shape.runs += 1

    def count(self, rows: int, bytes_: int) -> None:
        """About to leave; raises CapReached as `Run.count` does."""
        if self.run is not None:
            self.run.count(rows, bytes_)
        elif self.shape is not None:
            self.shape.rows += rows
            self.shape.bytes += bytes_
        for run in self.counted:
            if run is not self.run:
                run.count(rows, bytes_)

    def ends(self) -> None:
        """The server has executed it, or as many of its rows as were asked for at once."""
        if not self.last:
            return
        if self.run is not None:
            self.run.completed = True
        elif self.shape is not None and not self._ended:
            self._ended = True
            self.shape.completed += 1


@dataclass(slots=True)
class Step:
    kind: Kind
    parts: list[Part] = field(default_factory=list)
    formats: tuple[int, ...] = ()
    refusal: bytes | None = None
    """An ErrorResponse that stands in for the error which the server was made to give."""
    hidden: bool = False
    undo: Callable[[], None] | None = None
    answered: asyncio.Future[list[tuple[int, bytes]]] | None = None
    collected: list[tuple[int, bytes]] = field(default_factory=list)
    ready: int = 0
    runs: deque[Shape | None] = field(default_factory=deque)
    """Of the fast path: what the answers are counted on (`scan_client`)."""
    index: int = 0
    hides_ready: bool = False
    """Whether the ReadyForQuery is kept back: something of ours follows, whose ReadyForQuery is shown."""
    asked_for_rows: bool = False
    """Whether the client was told to send the rows of a COPY FROM STDIN before, and has sent them."""
    ends: bytes = b"Z"
    """Of an internal step: the kinds of message that are the last of its answer."""

    def begins(self) -> None:
        """It goes upstream now."""
        if self.kind in (Kind.EXECUTE, Kind.QUERY):
            for part in self.parts:
                part.begins()

    @property
    def part(self) -> Part | None:
        return self.parts[min(self.index, len(self.parts) - 1)] if self.parts else None
