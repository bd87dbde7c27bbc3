"""What every part of the service works with: its dependencies, rows read and written, events and notices.

Functions here run inside a store unit: synchronous, on the unit's connection, and may run twice when the
database asks for a retry.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from lockgate.action import JSON, canonical
from lockgate.approvals import Request, Status, asked, settle
from lockgate.approvals.codec import from_text, to_text
from lockgate.audit.event import Event
from lockgate.errors import StoreError
from lockgate.services.approvals.nouns import Changes, Directory, RequestView, Rules, VoteShown
from lockgate.store import outbox
from lockgate.store.seal import KeyRing
from lockgate.store.tables import approvals as t

Clock = Callable[[], int]


@dataclass(slots=True)
class Desk:
    """Dependencies and configuration; no state of its own."""

    directory: Directory
    keys: KeyRing
    clock: Clock
    base_url: str
    rules: Rules
    changes: Changes
    mask: Callable[[str], str]
    attempt_secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.attempt_secret = self.keys.derive("attempt-key")

    def link(self, request_id: str) -> str:
        """Leads to a login; nothing in it is a credential."""
        return f"{self.base_url.rstrip('/')}/requests/{request_id}"


@dataclass(slots=True)
class Entry:
    """A row in hand: the pure state, and what is kept beside it."""

    request: Request
    version: int
    kind: str
    tenant: str
    principal: str
    connection: str
    operation: str
    risk: str
    attempt_key: str
    commitment: str
    envelope: Mapping[str, Any]
    view: Mapping[str, Any]
    facts: dict[str, Any]
    batch: str = ""
    decided_at: int = 0


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"


def load(conn: Connection, request_id: str, *, lock: bool = False) -> Entry | None:
    """The entry, its row locked until the unit ends where the database has row locks."""
    query = select(t.requests).where(t.requests.c.id == request_id)
    row = conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _entry(row)


def load_where(conn: Connection, *conditions: Any, limit: int = 200) -> list[Entry]:
    query = select(t.requests).where(*conditions).order_by(t.requests.c.created_at.desc()).limit(limit)
    return [_entry(row) for row in conn.execute(query)]


def add(conn: Connection, entry: Entry) -> None:
    conn.execute(insert(t.requests).values(id=entry.request.id, version=1, **_values(entry)))


def save(conn: Connection, entry: Entry, request: Request) -> None:
    """Write the new state if nobody wrote another since it was read: one compare-and-set on version and
    status.
    """
    written = conn.execute(
        update(t.requests)
        .where(
            t.requests.c.id == request.id,
            t.requests.c.version == entry.version,
            t.requests.c.status == entry.request.status.value,
        )
        .values(version=entry.version + 1, **_values(replace(entry, request=request)))
    )
    if written.rowcount != 1:
        raise StoreError("a request changed while it was being changed", hint="try again")
    entry.request = request
    entry.version += 1


def advance(desk: Desk, conn: Connection, entry: Entry, request: Request, events: list[Event], **body: JSON) -> None:
    """Save a new state with its event and its notice, if it differs."""
    before = entry.request
    if request == before:
        return
    if request.status is not before.status:
        if before.status is Status.PENDING:
            entry.decided_at = request.last_at
        events.append(changed(entry, before, request, **body))
    save(conn, entry, request)
    if request.status is not before.status or request.overdue != before.overdue:
        notify(desk, conn, entry)


def settled(desk: Desk, conn: Connection, entry: Entry, now_at: int, events: list[Event]) -> Entry:
    """The entry after its clocks, written down if they changed it."""
    request = settle(entry.request, now_at)
    if request.overdue and not entry.request.overdue:
        events.append(Event("review.overdue", {"request": request.id, "due_at": request.review_by_at}))
    advance(desk, conn, entry, request, events)
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
            **body,
        },
    )


def notify(desk: Desk, conn: Connection, entry: Entry) -> None:
    """Tell the configured webhooks, in the same transaction; what they are told holds no PHI and no
    credential.
    """
    request = entry.request
    body: dict[str, JSON] = {
        "type": f"request.{request.status.value.lower()}",
        "request": request.id,
        "kind": entry.kind,
        "state": request.status.value,
        "connection": entry.connection,
        "operation": entry.operation,
        "principal": entry.principal,
        "risk": entry.risk,
        "asked": sorted({group for q in request.quorums if (group := asked(q, request.votes))}),
        "decide_by_at": request.decide_by_at,
        "overdue": request.overdue,
        "link": desk.link(request.id),
        "tell": list(entry.facts.get("tell", [])),
    }
    for destination in desk.rules.webhooks:
        outbox.put(conn, "webhook", destination, body, now_at=request.last_at)


def shown(desk: Desk, entry: Entry, now_at: int) -> RequestView:
    """As people see it, its clocks applied."""
    request = settle(entry.request, now_at)
    return RequestView(
        id=request.id,
        kind=entry.kind,
        state=request.status,
        why=request.why,
        principal=entry.principal,
        connection=entry.connection,
        operation=entry.operation,
        risk=entry.risk,
        created_at=request.created_at,
        decide_by_at=request.decide_by_at,
        use_by_at=request.use_by_at,
        action_digest=request.action_digest,
        view_digest=request.view_digest,
        sentence=str(entry.view.get("sentence", "")),
        lines=tuple(entry.view.get("lines", ())),
        view=entry.view.get("body", {}),
        asked=tuple(sorted({group for q in request.quorums if (group := asked(q, request.votes))})),
        votes=tuple(_vote(v) for v in request.votes),
        conflicts=request.conflicts,
        execution_id=request.execution,
        link=desk.link(request.id),
        parent=str(entry.facts.get("parent", "")),
        child=str(entry.facts.get("child", "")),
        batch=entry.batch,
        review_by_at=request.review_by_at,
        overdue=request.overdue,
        reviews=tuple(_vote(v) for v in request.reviews),
    )


def _vote(vote: Any) -> VoteShown:
    return VoteShown(vote.person, vote.approve, vote.at, vote.reason, tuple(sorted(vote.groups)))


def _values(entry: Entry) -> dict[str, Any]:
    request = entry.request
    return {
        "kind": entry.kind,
        "status": request.status.value,
        "tenant": entry.tenant,
        "principal": entry.principal,
        "connection": entry.connection,
        "operation": entry.operation,
        "risk": entry.risk,
        "attempt_key": entry.attempt_key,
        "action_digest": request.action_digest,
        "commitment": entry.commitment,
        "created_at": request.created_at,
        "decide_by_at": request.decide_by_at,
        "decided_at": entry.decided_at,
        "state": to_text(request),
        "envelope": canonical(dict(entry.envelope)).decode(),
        "view": canonical(dict(entry.view)).decode(),
        "facts": canonical(entry.facts).decode(),
        "batch": entry.batch,
    }


def _entry(row: Row[Any]) -> Entry:
    request = from_text(row.state)
    if request.id != row.id or request.status.value != row.status:
        raise StoreError("a stored request contradicts itself", hint="restore the store from a backup")
    return Entry(
        request=request,
        version=row.version,
        kind=row.kind,
        tenant=row.tenant,
        principal=row.principal,
        connection=row.connection,
        operation=row.operation,
        risk=row.risk,
        attempt_key=row.attempt_key,
        commitment=row.commitment,
        envelope=json.loads(row.envelope),
        view=json.loads(row.view),
        facts=json.loads(row.facts),
        batch=row.batch,
        decided_at=row.decided_at,
    )


def texts(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []
