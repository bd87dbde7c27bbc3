"""What was asked before, of exactly this: the deny that stands, whoever wrote it, whoever was asked besides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from lockgate.approvals import Quorum, Status, denied
from lockgate.approvals.conflict import PREPARED_SINCE_S
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals.desk import Desk, settled
from lockgate.services.approvals.entries import Entry, load_where, texts
from lockgate.services.approvals.nouns import DENIED, Refusal
from lockgate.store.tables import approvals as t

ESCALATION = "escalation:"
"""Begins the names of the quorums that an escalation added; no profile is named so."""
CAME_TO_NOTHING = frozenset(
    {
        Status.DENIED,
        Status.EXPIRED,
        Status.CANCELLED,
        Status.SUPERSEDED,
        Status.INVALIDATED,
        Status.REVOKED,
        Status.LAPSED,
    }
)


@dataclass(frozen=True, slots=True)
class Again:
    """What clings to exactly this from when it was asked before: all that is needed now, and who may not approve it."""

    quorums: tuple[Quorum, ...]
    editors: frozenset[str]


def again(desk: Desk, conn: Connection, key: str, quorums: tuple[Quorum, ...], now_at: int, log: list[Event]) -> Again:
    """Asking exactly this again, by whichever door, shakes nobody off.

    Whoever wrote it by an edit does not become free to approve it, and whoever was asked besides, by an escalation of a
    request that came to nothing within the day, is asked again.
    """
    before = [*same(desk, conn, key, now_at, log), *same(desk, conn, key, now_at, log, "standing")]
    added: dict[str, Quorum] = {q.name: q for q in quorums if q.name.startswith(ESCALATION)}
    for entry in before:
        if entry.request.status in CAME_TO_NOTHING and entry.request.last_at > now_at - PREPARED_SINCE_S * SECOND:
            for quorum in entry.request.quorums:
                if quorum.name.startswith(ESCALATION) and quorum.name not in added:
                    added[quorum.name] = quorum
    own = tuple(q for q in quorums if q.name not in added)
    editors = frozenset(editor for entry in before for editor in texts(entry.facts.get("editors")))
    return Again((*own, *added.values()), editors)


def refuse_denied(desk: Desk, conn: Connection, key: str, now_at: int, log: list[Event], *wider: str) -> Refusal | None:
    """A reviewer has denied exactly this within the hour: no other door leads around that.

    `wider` are kinds of requests that would let through this and more: a deny of one of those leaves asking for this
    alone.
    """
    for entry in (entry for kind in ("action", *wider) for entry in same(desk, conn, key, now_at, log, kind)):
        refused = recent_deny(desk, entry, now_at)
        if refused is not None:
            return refused
    return None


def recent_deny(desk: Desk, entry: Entry, now_at: int) -> Refusal | None:
    """The deny that this request ended by, while it stands."""
    until_at = entry.decided_at + desk.rules.refused_s * SECOND
    if not denied(entry.request) or now_at >= until_at:
        return None
    return Refusal(
        DENIED,
        "a reviewer has denied exactly this",
        f"change it, or ask again in {1 + (until_at - now_at) // (60 * SECOND)} minutes",
        entry.request.id,
        entry.request.status.value,
    )


def same(desk: Desk, conn: Connection, key: str, now_at: int, log: list[Event], kind: str = "action") -> list[Entry]:
    """The last requests of this kind for exactly this, newest first, their clocks applied."""
    entries = load_where(conn, t.requests.c.attempt_key == key, t.requests.c.kind == kind, limit=5)
    return [settled(desk, conn, entry, now_at, log) for entry in entries]
