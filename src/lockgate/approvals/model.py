"""The nouns of approval: what is asked of people (Quorum), what one said (Vote), and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from lockgate.action import JSON
from lockgate.approvals.states import Status
from lockgate.errors import PolicyError

SECOND = 1_000_000
"""Instants are microseconds."""

DECISION_S = 8 * 3600
GRANT_WAITING_S = 300
GRANT_S = 3600
GONE_S = 600
REVIEW_S = 24 * 3600
REVIEWERS = 2
GLASS_S = 3600
STANDING_S = 8 * 3600
PERMIT_S = 91 * 24 * 3600
"""To the end of the ninetieth day."""

Conflicts: TypeAlias = Mapping[str, tuple[str, ...]]
"""Person id → why this person may not approve; the evaluated conflict set, as data."""


@dataclass(frozen=True, slots=True)
class Stage:
    """So many distinct humans of one group."""

    count: int
    group: str


@dataclass(frozen=True, slots=True)
class Quorum:
    """One approval profile, frozen: ordered stages, its clocks, and how many denies end it (one, unless it
    says).
    """

    name: str
    stages: tuple[Stage, ...]
    decision_ttl_s: int = DECISION_S
    grant_ttl_s: int = GRANT_S
    step_up: str | None = None
    denials: int = 1

    @classmethod
    def from_body(cls, name: str, body: JSON) -> Quorum:
        """Read a profile's body as policy writes it. Raises PolicyError for what asks nobody."""
        if not isinstance(body, Mapping):
            raise PolicyError(f"profile {name} has no body")
        stages = tuple(_stage(name, item) for item in _sequence(body.get("stages")))
        if not stages or any(s.count < 1 or not s.group for s in stages):
            raise PolicyError(f"profile {name} asks nobody", hint="give it stages of at least one person")
        step_up = body.get("step_up")
        return cls(
            name=name,
            stages=stages,
            decision_ttl_s=min(_positive(body.get("decision_ttl_s"), DECISION_S), DECISION_S),
            grant_ttl_s=min(_positive(body.get("grant_ttl_s"), GRANT_S), GRANT_S),
            step_up=str(step_up) if step_up else None,
            denials=_positive(body.get("denials"), 1),
        )

    def body(self) -> dict[str, JSON]:
        return {
            "name": self.name,
            "stages": [{"count": s.count, "group": s.group} for s in self.stages],
            "decision_ttl_s": self.decision_ttl_s,
            "grant_ttl_s": self.grant_ttl_s,
            "step_up": self.step_up,
            "denials": self.denials,
        }


@dataclass(frozen=True, slots=True)
class Ballot:
    """Somebody wants to vote: who that is at this moment, and what exactly they saw.

    `human` names the person behind all linked accounts `ids`; `groups` are those whose membership counts now.
    `barred` says why this account never votes (agent, inactive, another issuer …), empty if it may.
    """

    person: str
    human: str
    ids: frozenset[str]
    groups: frozenset[str]
    approve: bool
    action_digest: str
    view_digest: str
    interactive: bool
    token_has_act: bool
    step_up: str | None = None
    reason: str = ""
    barred: str = ""

    def body(self) -> dict[str, JSON]:
        return {
            "person": self.person,
            "human": self.human,
            "ids": sorted(self.ids),
            "groups": sorted(self.groups),
            "approve": self.approve,
            "action_digest": self.action_digest,
            "view_digest": self.view_digest,
            "interactive": self.interactive,
            "token_has_act": self.token_has_act,
            "step_up": self.step_up,
            "reason": self.reason,
            "barred": self.barred,
        }


@dataclass(frozen=True, slots=True)
class Vote:
    """A ballot that was taken."""

    person: str
    human: str
    ids: frozenset[str]
    groups: frozenset[str]
    approve: bool
    at: int
    step_up: str | None = None
    reason: str = ""

    def body(self) -> dict[str, JSON]:
        return {
            "person": self.person,
            "human": self.human,
            "ids": sorted(self.ids),
            "groups": sorted(self.groups),
            "approve": self.approve,
            "at": self.at,
            "step_up": self.step_up,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Request:
    """The whole state of one request; nothing outside it decides what may follow.

    `callers` counts who waits on a connection, and `waiting` names the process of each (those of before this was
    written down have none); `gone_at` is when the last of them left (0: nobody did). With
    `standing_s` it is a standing grant: once approved it covers others for that long, and is never executed
    itself; `uses` counts how often it did. With `permit_until_at` it is a change of policy: once approved it is in
    force until then, and never executed.
    """

    id: str
    status: Status
    action_digest: str
    view_digest: str
    quorums: tuple[Quorum, ...]
    conflicts: Conflicts
    created_at: int
    decide_by_at: int
    last_at: int
    use_by_at: int = 0
    callers: int = 0
    waiting: tuple[str, ...] = ()
    gone_at: int = 0
    votes: tuple[Vote, ...] = ()
    execution: str = ""
    outcome: str = ""
    standing_s: int = 0
    uses: int = 0
    permit_until_at: int = 0
    glass: bool = False
    glass_until_at: int = 0
    review_by_at: int = 0
    overdue: bool = False
    reviews: tuple[Vote, ...] = ()
    why: str = field(default="", compare=False)

    def moved(self, status: Status, now_at: int, why: str = "") -> Request:
        return replace(self, status=status, last_at=now_at, why=why)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that may not be taken, and why; the request stays as it was."""

    rule: str
    message: str
    hint: str = ""


def _stage(name: str, item: JSON) -> Stage:
    if isinstance(item, Mapping):
        return Stage(_positive(item.get("count"), 1), str(item.get("group") or ""))
    parts = _sequence(item)
    if len(parts) != 2:
        raise PolicyError(f"profile {name} has a stage that is not a count and a group")
    return Stage(_positive(parts[0], 1), str(parts[1]))


def _sequence(value: JSON) -> list[JSON]:
    return list(value) if isinstance(value, list | tuple) else []


def _positive(value: JSON, default: int) -> int:
    """An absent value is the default; a present one must be a positive whole number, or the profile is no
    profile.
    """
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PolicyError("a profile holds a number that is not positive")
    return value
