"""What the log holds about a request, told in words: each event with its time and its id, by which it can be proved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.audit.types import TYPES
from lockgate.server.console.words import name, state

MOST = 200


@dataclass(frozen=True, slots=True)
class Happened:
    """One event. `words` hold what the event itself says, masked when it was written."""

    at: int
    words: str
    event_id: str


def timeline(events: Iterable[Mapping[str, Any]]) -> tuple[Happened, ...]:
    """Of a page of the log, in its order."""
    return tuple(Happened(int(e["time_at"]), _told(str(e["type"]), _body(e)), str(e["id"])) for e in events)


def _body(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = json.loads(event["leaf"])["body"]
    except (KeyError, TypeError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _told(kind: str, body: Mapping[str, Any]) -> str:
    teller = TELLERS.get(kind)
    if teller is None:
        return TYPES.get(kind, kind).partition(";")[0].partition(":")[0].rstrip(".")
    return teller(body)


def _vote(body: Mapping[str, Any]) -> str:
    did = "approved" if body.get("approve") else "denied"
    reason = f": {body['reason']}" if body.get("reason") else ""
    if not body.get("counted"):
        return f"{_by(body)} tried to vote, which does not count: {body.get('why', '')}"
    return f"{_by(body)} {did}{reason}"


def _review(body: Mapping[str, Any]) -> str:
    found = "justified" if body.get("approve") else "not justified"
    if not body.get("counted"):
        return f"{_by(body)} tried to review it, which does not count: {body.get('why', '')}"
    return f"{_by(body)} found it {found}: {body.get('reason', '')}"


def _changed(body: Mapping[str, Any]) -> str:
    why = f" ({body['why']})" if body.get("why") else ""
    return f"Now {state(str(body.get('to', '')))}{why}"


def _outcome(body: Mapping[str, Any]) -> str:
    return f"Ended: {state(str(body.get('status', '')))}, {int(body.get('rows', 0)):,} rows went out"


def _by(body: Mapping[str, Any]) -> str:
    return name(str(body.get("person", "somebody")))


TELLERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "decision": lambda body: f"Asked by {name(str(body.get('principal', 'somebody')))}; policy wants people for it",
    "vote": _vote,
    "review": _review,
    "request.changed": _changed,
    "caller.gone": lambda body: "Nobody waits for it any more",
    "grant.consumed": lambda body: "The single-use pass was taken",
    "intent": lambda body: "Sent to the server",
    "outcome": _outcome,
}
