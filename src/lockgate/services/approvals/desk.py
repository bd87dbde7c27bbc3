"""What every part of the service works with: its dependencies, how a request moves on, events and notices.

Functions here run inside a store unit: synchronous, on the unit's connection, and may run twice when the
database asks for a retry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from lockgate.action import JSON, digest
from lockgate.approvals import Request, Status, asked, settle, step, terminal
from lockgate.approvals import events as happenings
from lockgate.approvals.events import Event as Happening
from lockgate.approvals.history import Doubt
from lockgate.audit.event import Event
from lockgate.services.approvals import past
from lockgate.services.approvals.entries import Entry, load, save, void
from lockgate.services.approvals.nouns import FAILED, Changes, Directory, Refusal, Rules, Show
from lockgate.store.seal import KeyRing
from lockgate.store.sealed import SealedSet
from lockgate.store.tables.approvals import delegations

Clock = Callable[[], int]
POLICY = "policy"
"""The kind of a request that asks for a permit (`permitting`)."""
POLICY_TOPIC = "policy"


@dataclass(slots=True)
class Desk:
    """Dependencies and configuration."""

    directory: Directory
    keys: KeyRing
    clock: Clock
    base_url: str
    rules: Rules
    changes: Changes
    mask: Callable[[str], str]
    notify: Callable[[Desk, Connection, Entry], None]
    """Tells people, in the same transaction (`notices`)."""
    instance: str
    """This process, as executions name who began them."""
    channels: Mapping[str, Show] = field(default_factory=dict)
    """Where people may vote besides the console, and how the view is shown there."""
    attempt_secret: bytes = field(init=False, repr=False)
    log_size: int = field(init=False, default=0)
    """A size that the signed log has had, as last heard: what is proposed from now on is in the log beyond it."""

    lent: SealedSet = field(init=False)
    """Places in groups that are lent: believed as a whole, or not at all."""
    running: set[str] = field(init=False, default_factory=set)
    """Executions that this process has begun and not seen end."""

    def __post_init__(self) -> None:
        self.attempt_secret = self.keys.derive("attempt-key")
        self.lent = SealedSet("lent", (delegations,), self.keys, ("delegation", "store.restored", "store.upgraded"))

    def now(self, entry: Entry) -> int:
        """The clock, which for a request never runs backwards past its last event."""
        return max(self.clock(), entry.request.last_at)

    def link(self, request_id: str) -> str:
        """Leads to a login; nothing in it is a credential."""
        return f"{self.base_url.rstrip('/')}/requests/{request_id}"


def take(desk: Desk, conn: Connection, request_id: str, log: list[Event]) -> Entry | None:
    """The entry, its row locked where the database has row locks, and believed or void from now on."""
    entry = load(conn, request_id, lock=True)
    if entry is not None:
        believe(desk, conn, entry, log)
    return entry


def look(desk: Desk, conn: Connection, request_id: str) -> Entry | None:
    """The entry for whoever only reads; shown as INVALIDATED where it is not believed."""
    entry = load(conn, request_id)
    if entry is not None:
        _examine(desk, conn, entry)
    return entry


def believe(desk: Desk, conn: Connection, entry: Entry, log: list[Event]) -> bool:
    """Whether the history vouches for what the row says. If not, the request is void, and an event says so.

    A request that has ended is not asked about: nothing can follow. Call it before anything of the entry is changed.
    """
    if entry.examined:
        return not entry.doubt
    claimed = entry.request.status
    if not _examine(desk, conn, entry):
        void(conn, entry)
        _say(desk, conn, entry, claimed.value, log)
        return False
    return True


def disbelieve(desk: Desk, conn: Connection, entry: Entry, why: str, log: list[Event]) -> None:
    """Something kept beside a believed request was changed: the request is INVALIDATED, and an event says so."""
    claimed = entry.request.status
    now_at = desk.now(entry)
    ended = step(entry.request, happenings.Invalidated(why), now_at)
    if isinstance(ended, Request):
        advance(desk, conn, entry, ended, happenings.Invalidated(why), now_at, log)
    entry.doubt = why
    log.append(_disbelieved(entry, claimed.value))


def advance(
    desk: Desk,
    conn: Connection,
    entry: Entry,
    request: Request,
    happening: Happening,
    now_at: int,
    log: list[Event],
    **body: JSON,
) -> None:
    """Save the state that this happening made, with its place in the history, its event and its notice."""
    before = entry.request
    if request == before or not believe(desk, conn, entry, log):
        return
    if request.status is not before.status and before.status in (Status.PENDING, Status.APPROVED):
        entry.decided_at = request.last_at
    save(conn, entry, request)
    past.append(conn, desk.keys, entry, happening, max(now_at, before.last_at))
    if request.status is not before.status:
        log.append(changed(entry, before, request, **body))
        if entry.kind == POLICY and Status.APPROVED in (before.status, request.status):
            log.append(policy_changed(entry, request))
    moved = request.status is not before.status or request.overdue != before.overdue
    if moved or asked(request) != asked(before):
        desk.notify(desk, conn, entry)


def settled(desk: Desk, conn: Connection, entry: Entry, now_at: int, log: list[Event]) -> Entry:
    """The entry after its clocks, written down if they changed it."""
    request = settle(entry.request, now_at)
    overdue = request.overdue and not entry.request.overdue
    advance(desk, conn, entry, request, happenings.Ticked(), now_at, log)
    if overdue and not entry.doubt:
        log.append(Event("review.overdue", {"request": request.id, "due_at": request.review_by_at}))
    return entry


def changed(entry: Entry, before: Request, after: Request, **body: JSON) -> Event:
    return Event(
        "request.changed",
        {
            "request": after.id,
            "from": before.status.value,
            "to": after.status.value,
            "why": after.why,
            "action_digest": after.action_digest,
            "at": after.last_at,
            **past.named(entry),
            **body,
        },
    )


def policy_changed(entry: Entry, request: Request) -> Event:
    """A permit has come into force, or is in force no more. Whoever drafted it has loosened a rule."""
    permit = entry.facts["permit"]
    begins = request.status is Status.APPROVED
    return Event(
        "policy.changed",
        {
            "by": permit["author"],
            "approvers": sorted(vote.person for vote in request.votes if vote.approve),
            "permit": request.id,
            "of": permit["of"],
            "until": permit["until"],
            "connection": entry.connection,
            "changes": {"policies": {"added" if begins else "removed": [permit["file"]]}},
            "text": digest("permit", permit["text"]),
            "state": request.status.value,
            "why": request.why,
            "loosened": begins,
            "topic": POLICY_TOPIC,
        },
    )


def not_believed(entry: Entry) -> Refusal:
    """What is answered about a request that nobody can vouch for."""
    return Refusal(
        FAILED,
        "the store was changed behind Lockgate: this request is void",
        "tell whoever keeps the store, then ask again",
        entry.request.id,
        entry.request.status.value,
    )


def _examine(desk: Desk, conn: Connection, entry: Entry) -> bool:
    entry.examined = True
    if not entry.doubt and terminal(entry.request.status):
        return True
    if not entry.doubt:
        found = past.read(conn, desk.keys, entry)
        if isinstance(found, Doubt):
            entry.doubt = found.why
        else:
            entry.past = found
            return True
    entry.request = replace(entry.request, status=Status.INVALIDATED, why="the store was changed behind Lockgate")
    return False


def _say(desk: Desk, conn: Connection, entry: Entry, claimed: str, log: list[Event]) -> None:
    log.append(_disbelieved(entry, claimed))
    desk.notify(desk, conn, entry)


def _disbelieved(entry: Entry, claimed: str) -> Event:
    return Event("store.disbelieved", {"request": entry.request.id, "claimed": claimed, "why": entry.doubt})
