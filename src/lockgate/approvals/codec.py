"""A request as canonical JSON and back: how its state is kept in a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lockgate.action import JSON, canonical
from lockgate.approvals.conflict import conflicts_json
from lockgate.approvals.model import Quorum, Request, Vote
from lockgate.approvals.states import Status

_PLAIN = tuple(f.name for f in fields(Request) if f.name not in {"status", "quorums", "conflicts", "votes", "reviews"})


def to_text(request: Request) -> str:
    """Canonical JSON of the whole state."""
    body: dict[str, JSON] = {name: getattr(request, name) for name in _PLAIN}
    body |= {
        "status": request.status.value,
        "quorums": [quorum.body() for quorum in request.quorums],
        "conflicts": conflicts_json(request.conflicts),
        "votes": [vote.body() for vote in request.votes],
        "reviews": [vote.body() for vote in request.reviews],
    }
    return canonical(body).decode()


def from_text(text: str) -> Request:
    """The state as it was written; raises KeyError or ValueError for anything else."""
    body: dict[str, Any] = json.loads(text)
    return Request(
        **{name: body[name] for name in _PLAIN},
        status=Status(body["status"]),
        quorums=tuple(Quorum.from_body(q["name"], q) for q in body["quorums"]),
        conflicts={person: tuple(reasons) for person, reasons in body["conflicts"].items()},
        votes=tuple(_vote(v) for v in body["votes"]),
        reviews=tuple(_vote(v) for v in body["reviews"]),
    )


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
