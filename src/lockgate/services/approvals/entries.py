"""Requests as rows: read, written by compare-and-set, and what of a row is under the history's MAC.

A row is a cache: whoever acts on it believes it first (`desk.take`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from lockgate.action import canonical, digest
from lockgate.approvals import Request, Status, history
from lockgate.approvals.codec import from_text, to_text
from lockgate.errors import LockgateError, StoreError
from lockgate.store.tables import approvals as t

BESIDE = frozenset(
    {
        "kind",
        "tenant",
        "principal",
        "connection",
        "operation",
        "risk",
        "attempt_key",
        "commitment",
        "decided_at",
        "envelope",
        "view",
        "facts",
        "batch",
    }
)
"""The columns that no event carries."""


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
    past: history.Past | None = None
    """The history that vouches for it, once somebody has looked."""
    examined: bool = False
    doubt: str = ""
    """Why it is not believed."""

    def digest(self) -> str:
        """Over everything that is kept beside the state."""
        return digest("request-row", {name: value for name, value in _values(self).items() if name in BESIDE})


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


def texts(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


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
    """What the row says; a row that contradicts itself or cannot be read says nothing, and is doubted."""
    try:
        request = from_text(row.state)
        envelope, view, facts = json.loads(row.envelope), json.loads(row.view), json.loads(row.facts)
        doubt = "" if (request.id, request.status.value) == (row.id, row.status) else "its row contradicts itself"
    except (LockgateError, KeyError, TypeError, ValueError):
        request, doubt = _unreadable(row), "its row cannot be read"
        envelope, view, facts = {}, {}, {}
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
        envelope=envelope,
        view=view,
        facts=facts,
        batch=row.batch,
        decided_at=row.decided_at,
        doubt=doubt,
    )


def _unreadable(row: Row[Any]) -> Request:
    return Request(
        id=row.id,
        status=Status.INVALIDATED,
        action_digest=row.action_digest,
        view_digest="",
        quorums=(),
        conflicts={},
        created_at=row.created_at,
        decide_by_at=row.decide_by_at,
        last_at=row.created_at,
    )


def void(conn: Connection, entry: Entry) -> None:
    """Write INVALIDATED into the row of a request that nobody can vouch for, so that a new one may be opened."""
    voided = entry.request
    conn.execute(
        update(t.requests)
        .where(t.requests.c.id == voided.id)
        .values(status=voided.status.value, state=to_text(voided), version=t.requests.c.version + 1)
    )
