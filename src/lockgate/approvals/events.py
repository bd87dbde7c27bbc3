"""What can happen to a request. Each is data: whatever had to be looked up was looked up before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lockgate.approvals.model import Ballot, Conflicts, Quorum, Vote
from lockgate.approvals.states import Status


@dataclass(frozen=True, slots=True)
class Submitted:
    """Policy wants people: the request goes to them. `waiting` when a caller holds a connection open, at the process
    that is called `instance`."""

    waiting: bool = False
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """A standing grant covers it: the votes that made the grant stand for this request too."""

    votes: tuple[Vote, ...]
    waiting: bool = False
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """A standing grant served one more request."""

    by: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The identical action was attempted again."""

    waiting: bool
    instance: str = ""


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """A caller's hold timed out; it may come back with the same statement."""

    instance: str = ""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """A waiting caller cancelled or hung up; or the process that held it `died`, and with it all that it held."""

    instance: str = ""
    died: bool = False


@dataclass(frozen=True, slots=True)
class Voted:
    """A ballot, with the conflict set as evaluated now; it is added to what is known."""

    ballot: Ballot
    conflicts: Conflicts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Whoever asked takes it back."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """An edit made a child request."""

    child: str


@dataclass(frozen=True, slots=True)
class Escalated:
    """More people are asked: stages are added at the end of the line, none is taken away or made smaller."""

    quorum: Quorum


@dataclass(frozen=True, slots=True)
class Invalidated:
    """What the request rests on has changed."""

    why: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The kill switch: unconsumed grants are revoked."""


@dataclass(frozen=True, slots=True)
class Consumed:
    """The single-use consume, with everything that was looked up again in the same transaction.

    `groups_now` holds, for each voter who is still valid, the groups whose membership counts now; `links_now`
    all accounts of the human behind each voter, as they are linked now; `current` the profiles of the same names
    as they are today; `same_action` that the digest computed from what will be sent is the approved one;
    `policy_holds` that policy, asked anew, allows it and reveals no more.
    """

    execution: str
    conflicts: Conflicts
    groups_now: Mapping[str, frozenset[str]]
    current: tuple[Quorum, ...]
    same_action: bool
    requester_valid: bool
    policy_holds: bool
    stopped: bool
    links_now: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of the execution: SUCCEEDED, FAILED, or UNKNOWN when nobody can say (a crash)."""

    execution: str
    outcome: Status


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A person found out what an UNKNOWN execution did."""

    done: bool


@dataclass(frozen=True, slots=True)
class GlassBroken:
    """A human goes ahead alone, in an emergency; two others review it afterwards (45 CFR
    164.312(a)(2)(ii)).
    """

    execution: str
    until_at: int
    human: bool
    in_role: bool
    step_up: str | None
    reason: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One of two people looked at a break-glass use afterwards; `ballot.approve` says it was justified."""

    ballot: Ballot
    conflicts: Conflicts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""


Event: TypeAlias = (
    Submitted
    | Covered
    | Used
    | Joined
    | HoldEnded
    | CallerLeft
    | Voted
    | Withdrawn
    | Superseded
    | Escalated
    | Invalidated
    | Stopped
    | Consumed
    | Finished
    | Reconciled
    | GlassBroken
    | Reviewed
    | Ticked
)
