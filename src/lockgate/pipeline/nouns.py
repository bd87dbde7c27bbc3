"""The nouns of the path: what classification found, what was wished for, and what the caller is told or given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from lockgate.action import Action, Decision, Question
from lockgate.policy import PolicySet
from lockgate.services.approvals import Execution
from lockgate.services.shapes import Shape


@dataclass(frozen=True, slots=True)
class Facts:
    """What classification found, in words that no protocol owns."""

    questions: tuple[Question, ...]
    classes: frozenset[str]
    probes: frozenset[str]
    lookups: frozenset[str]
    clean: frozenset[str] = frozenset()
    """Resources known to hold no PHI at all."""
    code: frozenset[str] = frozenset()
    """Functions that are not known to be safe: why it counts as code."""
    estimated_rows: int = 0
    rows_unknown: bool = False
    """Whether it reaches a table of which nobody has counted the rows: then no bound of a policy holds for it."""
    looked_up: int = 0
    """How many records it asks for by their identifier."""
    destination: str = "client"
    statement: str = field(default="", compare=False)
    """Names the statement without its values, where somebody reads it; empty where no other can be the same."""
    masks: frozenset[str] = field(default=frozenset(), compare=False)
    """How each class would be masked, as `name=token`; known where `statement` is."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the requester asked for beyond the statement: classes to reveal, purpose, reason, how to hold."""

    reveal: frozenset[str] = frozenset()
    purpose: str = ""
    reason: str = ""
    wait: bool = True
    hold_s: float = 45.0
    most_rows: int = 0
    """The stream is cut at this many rows (0: no cap); part of what is approved."""
    most_bytes: int = 0
    wrote: bool = False
    """Whether the open transaction has written: what people approve does not run in it."""


@dataclass(frozen=True, slots=True)
class Held:
    """Told to the caller at once when an action waits for people."""

    request_id: str
    link: str
    decide_by_at: int
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action does not run: a stable code, what happened, one thing to do, and what a program may read."""

    code: str
    message: str
    hint: str
    request_id: str = ""
    state: str = ""
    classes: frozenset[str] = frozenset()
    retry_after_s: int = 0


class Caller(Protocol):
    """Who waits for the answer."""

    async def told(self, held: Held) -> None: ...

    async def gone(self) -> None:
        """Returns when the caller has cancelled or hung up."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where in the log it is recorded that something was executed: what a proof is asked for by."""

    event: str
    """The id of the intent."""
    recorded: str
    """`each`, or `shape` where one intent stands for all runs of a statement in the session."""
    request: str = ""
    """What people approved, where they were asked."""


@dataclass(slots=True)
class Pass:
    """Leave to execute once; the intent is durable. `finish` must be called with what became of it."""

    decision: Decision
    execution: Execution | None = None
    shape: Shape | None = None
    request_id: str = ""
    _finish: Callable[[str, int, int, str], Awaitable[None]] | None = field(default=None, repr=False)

    @property
    def receipt(self) -> Receipt | None:
        """Of the intent, which is durable; a proof of it there is once the log's next checkpoint is signed."""
        if self.shape is not None:
            return receipt_of(self.shape)
        return None if self.execution is None else Receipt(self.execution.intent_event_id, "each", self.request_id)

    async def finish(self, outcome: str, rows: int, bytes_: int, code: str = "") -> None:
        """`outcome` is SUCCEEDED, FAILED or UNKNOWN; rows and bytes are what left."""
        if self._finish is not None:
            await self._finish(outcome, rows, bytes_, code)


def receipt_of(shape: Shape) -> Receipt:
    return Receipt(shape.event, "shape")


Admission: TypeAlias = Pass | Refusal


class Moment(NamedTuple):
    """Day (20261231) and hour, UTC, of a decision; 0 what no policy reads."""

    today: int = 0
    hour: int = 0


ALWAYS = Moment()
"""Of a decision that reads no clock."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A decision that may be redeemed: allowed outright, or approved by people under `request_id`."""

    action: Action
    facts: Facts
    wishes: Wishes
    decision: Decision
    by_shape: bool
    request_id: str = ""
    glass_id: str = ""
    policy: PolicySet | None = None
    """Whose decision it is; as long as that set is in force and the moment the same, it would answer the same again."""
    moment: Moment = ALWAYS
