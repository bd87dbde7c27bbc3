"""Requests and events as canonical JSON and back: how they are kept in rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from dataclasses import fields
from typing import Any, get_args

from lockgate.action import JSON, canonical
from lockgate.approvals import events as ev
from lockgate.approvals.conflict import conflicts_json
from lockgate.approvals.model import Ballot, Quorum, Request, Vote
from lockgate.approvals.states import Status

_OTHER = {"status", "quorums", "conflicts", "votes", "reviews", "waiting"}
_PLAIN = tuple(f.name for f in fields(Request) if f.name not in _OTHER)


def request_body(request: Request) -> dict[str, JSON]:
    """The whole state."""
    body: dict[str, JSON] = {name: getattr(request, name) for name in _PLAIN}
    return body | {
        "status": request.status.value,
        "waiting": list(request.waiting),
        "quorums": [quorum.body() for quorum in request.quorums],
        "conflicts": conflicts_json(request.conflicts),
        "votes": [vote.body() for vote in request.votes],
        "reviews": [vote.body() for vote in request.reviews],
    }


def request_of(body: Mapping[str, Any]) -> Request:
    """The state as it was written, a field that an earlier version did not know at its default; raises KeyError,
    TypeError or ValueError for anything else."""
    return Request(
        **{name: body[name] for name in _PLAIN if name in body},
        status=Status(body["status"]),
        waiting=tuple(body.get("waiting", ())),
        quorums=_quorums(body["quorums"]),
        conflicts=_conflicts(body["conflicts"]),
        votes=_votes(body["votes"]),
        reviews=_votes(body["reviews"]),
    )


def to_text(request: Request) -> str:
    """Canonical JSON of the whole state."""
    return canonical(request_body(request)).decode()


def from_text(text: str) -> Request:
    """`request_of` what was written."""
    return request_of(json.loads(text))


def event_body(event: ev.Event) -> dict[str, JSON]:
    """An event with all that was looked up for it, so that `step` can take it again."""
    return {"type": type(event).__name__, **{f.name: _plain(getattr(event, f.name)) for f in fields(event)}}


def event_of(body: Mapping[str, Any]) -> ev.Event:
    """The event as it was written, a field that an earlier version did not know at its default; raises KeyError,
    TypeError or ValueError for anything else."""
    kind = _EVENTS[body["type"]]
    known = {f.name: _READ.get(f.name, _as_is)(body[f.name]) for f in fields(kind) if f.name in body}
    event: ev.Event = kind(**known)
    return event


def _plain(value: Any) -> JSON:
    if isinstance(value, Vote | Quorum | Ballot):
        return value.body()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Status) else value


def _vote(body: Mapping[str, Any]) -> Vote:
    return Vote(
        person=body["person"],
        human=body["human"],
        ids=frozenset(body["ids"]),
        groups=frozenset(body["groups"]),
        approve=body["approve"],
        at=body["at"],
        step_up=body["step_up"],
        reason=body["reason"],
    )


def _votes(body: list[Mapping[str, Any]]) -> tuple[Vote, ...]:
    return tuple(_vote(vote) for vote in body)


def _quorum(body: Mapping[str, Any]) -> Quorum:
    return Quorum.from_body(body["name"], body)


def _quorums(body: list[Mapping[str, Any]]) -> tuple[Quorum, ...]:
    return tuple(_quorum(quorum) for quorum in body)


def _conflicts(body: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {person: tuple(reasons) for person, reasons in body.items()}


def _groups(body: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    return {person: frozenset(groups) for person, groups in body.items()}


def _ballot(body: Mapping[str, Any]) -> Ballot:
    return Ballot(**{**body, "ids": frozenset(body["ids"]), "groups": frozenset(body["groups"])})


def _as_is(value: Any) -> Any:
    return value


_EVENTS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(ev.Event)}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "ballot": _ballot,
    "conflicts": _conflicts,
    "current": _quorums,
    "groups_now": _groups,
    "links_now": _groups,
    "outcome": Status,
    "quorum": _quorum,
    "votes": _votes,
}
"""How a field is read back, where JSON knows less than its type; the names mean the same in every event."""
