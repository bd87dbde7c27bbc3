"""What goes in and out of the approvals service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from lockgate.action import JSON, Action, Decision, Requester
from lockgate.approvals import Status
from lockgate.services.views import CHANNEL, ViewFacts

RequestState = Status
"""Where a request stands; compares equal to its name."""

WAITING, FORBIDDEN, DENIED, NOBODY, FAILED = "LG001", "LG002", "LG003", "LG004", "LG005"


@dataclass(frozen=True, slots=True)
class ShownThere:
    """A stored view as another channel shows it: what a vote from there binds to, and whether all of it is shown."""

    digest: str
    whole: bool


Show = Callable[[str, str, Mapping[str, JSON]], ShownThere]
"""How a channel shows the stored view of the request with this id and view digest. Pure: the same every time."""

Decide = Callable[[frozenset[str]], Decision]
"""Policy asked anew, with the profiles that are really satisfied."""


class PersonLike(Protocol):
    """An account as the directory knows it (lockgate.identity.Person)."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def groups(self) -> Mapping[str, int]: ...
    @property
    def created_at(self) -> int: ...
    @property
    def created_by(self) -> str: ...
    @property
    def changed_by(self) -> Sequence[tuple[str, int, str]]: ...
    @property
    def active(self) -> bool: ...
    @property
    def linked(self) -> frozenset[str]: ...


class Directory(Protocol):
    """Who there is; called inside a transaction, so that a vote and a change of groups cannot cross."""

    def people(self, conn: Connection, /) -> Sequence[PersonLike]: ...
    def owners_since(self, conn: Connection, agent_id: str, since_at: int, /) -> frozenset[str]: ...
    def minters(self, conn: Connection, credential_id: str, /) -> frozenset[str]: ...


class Changes(Protocol):
    """Who loosened a policy, profile or catalog entry that this action rests on, since an instant."""

    def __call__(self, conn: Connection, connection: str, since_at: int, /) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What an installation may set; the defaults are the design's."""

    issuer: str = "local"
    cap_pending: int = 20
    refused_s: int = 3600
    cooling_s: int = 3600
    payload_kept_s: int = 7 * 24 * 3600
    salts_kept_s: int = 6 * 365 * 24 * 3600
    """How long a commitment in the log can be opened; longer than anything waits or may recur."""
    glass_group: str = "break-glass"
    review_group: str = "privacy"
    switch_group: str = "admins"
    owner_group: str = "data-owner"
    """Who answers for the data: told of each broken glass, as are reviewers and administrators."""
    webhooks: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()
    """Channels beside the console that are told, by the name they have in the outbox."""
    lookups_per_hour: int = 200
    """Records that one principal may look up by their identifier within an hour without asking anybody."""
    quick_s: int = 5
    """A median time to decide below this, or no deny in twenty votes, looks like a rubber stamp."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action that policy wants people for, with the bodies of the profiles they must satisfy."""

    action: Action
    decision: Decision
    profiles: Mapping[str, JSON]
    policy_digest: str
    catalog_digest: str
    view_facts: ViewFacts
    waiting: bool = True
    estimated_rows: int = 0
    statement: str = ""
    """Names the statement without its values and what of the session gives it its meaning; empty: no other is the
    same."""
    lookups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Opened:
    """The request that the proposal made, or joined (`existing`)."""

    request_id: str
    state: RequestState
    link: str
    decide_by_at: int
    existing: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable code, what happened, one thing to do, and the request it is about."""

    code: str
    message: str
    hint: str = ""
    request_id: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Voter:
    """Who votes, as their session proves it: never what they say of themselves."""

    person_id: str
    interactive: bool
    token_has_act: bool
    step_up: str | None = None
    channel: str = CHANNEL
    """Where they read the view; it must be the channel that the view was rendered for, or one that shows it whole."""
    through: str = ""
    """Their account there (`slack:TEAM.USER`), where the channel is a chat: it must be linked to `person_id`."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody may do about a request now: None where they may, else why not."""

    approve: Refusal | None
    deny: Refusal | None
    withdraw: Refusal | None


@dataclass(frozen=True, slots=True)
class Execution:
    """Leave to execute `payload` once; the intent is durable. `repr` hides the payload."""

    execution_id: str
    intent_event_id: str
    payload: bytes = field(repr=False)
    tracked: bool = True
    """Whether the store keeps a row of it until its outcome; a plain read has its intent and no more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked and with what wishes, as the request froze them: what an edit keeps unless it says otherwise."""

    requester: Requester
    connection: str
    reveal: frozenset[str]
    purpose: str
    row_cap: int
    byte_cap: int


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What a request did, as it froze it, for whoever would let it recur: `terms` as of a standing grant."""

    of: str
    requester: Requester
    tenant: str
    terms: Mapping[str, JSON]
    profiles: Mapping[str, JSON]
    statement: str
    """As reviewers were shown it."""


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit that people approved and that is in force: its request, its file's name and its text."""

    id: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class VoteShown:
    person: str
    approve: bool
    at: int
    reason: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request as people see it: the stored view, where it stands, who has said what and who may not."""

    id: str
    kind: str
    state: RequestState
    why: str
    principal: str
    connection: str
    operation: str
    risk: str
    created_at: int
    decide_by_at: int
    use_by_at: int
    action_digest: str
    view_digest: str
    sentence: str
    lines: tuple[str, ...]
    view: Mapping[str, JSON]
    asked: tuple[str, ...]
    gone_at: int
    """When the last caller that waited for it went away, while it waits for people; 0: nobody has, or one is back."""
    votes: tuple[VoteShown, ...]
    conflicts: Mapping[str, tuple[str, ...]]
    execution_id: str
    link: str
    parent: str = ""
    child: str = ""
    batch: str = ""
    review_by_at: int = 0
    overdue: bool = False
    reviews: tuple[VoteShown, ...] = ()
    uses: int = 0
    """Of a standing grant or a permit, from here on. How often it has been used, and how often it may be."""
    max_uses: int = 0
    terms: Mapping[str, JSON] = field(default_factory=dict)
    revocable_by: tuple[str, ...] = ()
    """Accounts, and groups as `group:name`, who may end a standing grant."""
    standing: str = ""
    """The standing grant that covered this request."""
    console_only: str = ""
    """Why no chat decides it; empty where one may."""
