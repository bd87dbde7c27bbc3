"""A request's history: the proposal, then each event that was taken, numbered without a gap; the state is its sum.

A record is canonical JSON that carries the hash of the one before it, so that a history is one line and not a set:
nothing can be taken out of its middle, put into it, or moved to another request. Whoever keeps the records puts
each under a MAC; here is what must hold besides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lockgate.action import JSON, canonical, parse_canonical
from lockgate.approvals.codec import event_body, event_of, request_body, request_of
from lockgate.approvals.events import Event
from lockgate.approvals.machine import step
from lockgate.approvals.model import Refusal, Request
from lockgate.approvals.states import Status
from lockgate.errors import LockgateError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a history is not believed; says nothing of what the records hold."""

    why: str


@dataclass(frozen=True, slots=True)
class Past:
    """What the records add up to.

    `row` is the digest of what is kept beside the state, as of the last record; `log_size` the size of the signed
    log when the request was proposed; `hashes` those of the records, in their order.
    """

    request: Request
    row: str
    log_size: int
    hashes: tuple[str, ...]


def proposal(request: Request, *, row: str, log_size: int) -> bytes:
    """The first record: the request as PROPOSED, before anything happened to it."""
    event: dict[str, JSON] = {"type": "Proposed", "state": request_body(request), "log_size": log_size}
    return _record(request.id, 1, request.created_at, "", row, event)


def record(request_id: str, number: int, at: int, before: str, row: str, event: Event) -> bytes:
    """The record of one event that was taken at `at`, after the record whose hash is `before`."""
    return _record(request_id, number, at, before, row, event_body(event))


def hash_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def rebuild(request_id: str, bodies: Iterable[bytes]) -> Past | Doubt:
    """Take every event again, in its order; a Doubt where they are not one whole history of this request."""
    past: Past | None = None
    last_at = 0
    number = 0
    for number, body in enumerate(bodies, 1):
        try:
            found: Any = parse_canonical(body)
            if found["v"] != VERSION or found["request"] != request_id:
                return Doubt("an event belongs elsewhere")
            if found["number"] != number or found["before"] != (past.hashes[-1] if past else ""):
                return Doubt("an event is missing")
            if found["at"] < last_at:
                return Doubt("time runs backwards")
            last_at = found["at"]
            if past is None:
                request = _first(found["event"])
                past = Past(request, found["row"], found["event"]["log_size"], (hash_of(body),))
                continue
            after = step(past.request, event_of(found["event"]), last_at)
            if isinstance(after, Refusal):
                return Doubt("an event could not follow on the one before it")
            past = Past(after, found["row"], past.log_size, (*past.hashes, hash_of(body)))
        except (LockgateError, KeyError, TypeError, ValueError):
            return Doubt("an event cannot be read")
    if past is None:
        return Doubt("it has no events under a MAC")
    return past


def _first(event: Any) -> Request:
    request = request_of(event["state"])
    if event["type"] != "Proposed" or request.status is not Status.PROPOSED:
        raise ValueError("a history begins with a proposal")
    return request


def _record(request_id: str, number: int, at: int, before: str, row: str, event: JSON) -> bytes:
    return canonical(
        {
            "v": VERSION,
            "request": request_id,
            "number": number,
            "at": at,
            "before": before,
            "row": row,
            "event": event,
        }
    )
