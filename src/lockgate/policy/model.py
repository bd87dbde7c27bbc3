"""The nouns of policy: what is asked (Query), what people must do (Profile), what a check finds (Finding)."""

from __future__ import annotations

from dataclasses import dataclass

from lockgate.action import JSON, Question, Requester

UNKNOWN_ROWS = 2**53 - 1
"""More than any bound: a number of rows that is not known is within none."""


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of a query.

    `purpose` is what the requester claims; `purpose_vouched` says that identity vouches for it. `satisfied`
    names profiles that Lockgate itself has verified, never what somebody said. `rows` is an estimate,
    `hour` is UTC, `today` too (20261231). `statement` names the statement without its values, `masks` how each class is
    masked (`name=token`); what is not known is empty or 0.
    """

    purpose: str = ""
    satisfied: frozenset[str] = frozenset()
    break_glass: bool = False
    classes: frozenset[str] = frozenset()
    rows: int = 0
    destination: str = "client"
    address: str = ""
    hour: int = 0
    auth: str = ""
    purpose_vouched: bool = False
    statement: str = ""
    today: int = 0
    masks: frozenset[str] = frozenset()
    row_cap: int = 0
    byte_cap: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """Everything that one decision rests on; hashable, so that it is its own cache key.

    `classes` are those in play in the outputs, `reveal` those that the requester names to be shown. `clean`
    names the resources known to hold no PHI at all; whatever is not in it counts as holding some.
    """

    requester: Requester
    questions: tuple[Question, ...]
    probes: frozenset[str] = frozenset()
    lookups: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    reveal: frozenset[str] = frozenset()
    context: Context = Context()
    clean: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stage:
    """`count` distinct people of `group`."""

    count: int
    group: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What people must do before an action may run: stages in order, within two clocks.

    `rank` is the place in the file, 0 the weakest: profiles are tried in that order.
    """

    name: str
    stages: tuple[Stage, ...]
    decision_ttl_s: int
    grant_ttl_s: int
    risk: str
    rank: int
    denials: int = 1
    """How many people have to deny to end it."""

    @property
    def people(self) -> int:
        """How many distinct humans it takes."""
        return sum(stage.count for stage in self.stages)

    def body(self) -> JSON:
        """What an approval binds to. Not the rank: a profile added elsewhere changes nothing approved."""
        return {
            "name": self.name,
            "stages": [{"count": s.count, "group": s.group} for s in self.stages],
            "decision_ttl_s": self.decision_ttl_s,
            "grant_ttl_s": self.grant_ttl_s,
            "denials": self.denials,
            "step_up": None,
            "risk": self.risk,
        }


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that `check` has to say, and where."""

    file: str
    line: int
    severity: str  # "error" or "warning"
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message} [{self.code}]"

    def body(self) -> JSON:
        return {
            "file": self.file,
            "line": self.line,
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
        }
