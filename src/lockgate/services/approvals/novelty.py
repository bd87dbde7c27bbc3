"""What is new since the last like it: a reviewer who has seen the same yesterday looks at what is not the same.

Compared is what both requests froze, and their stored views. A request that the store alone vouches for is no
precedent: whoever can write there must not make a first time look like a habit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from lockgate.action import Action, digest
from lockgate.action import action_digest as digest_of
from lockgate.approvals import Status
from lockgate.approvals.history import Doubt
from lockgate.services.approvals import past
from lockgate.services.approvals.entries import Entry, load_where
from lockgate.services.approvals.nouns import Proposal
from lockgate.services.views import plain
from lockgate.store.seal import KeyRing
from lockgate.store.tables import approvals as t

DONE = (Status.SUCCEEDED.value, Status.RECONCILED_DONE.value)
MANY_TIMES = 2
"""So many times the rows of the last one are said."""


def last_like(conn: Connection, keys: KeyRing, action: Action) -> Entry | None:
    """The last request of this requester for such an operation here that ran."""
    found = load_where(
        conn,
        t.requests.c.principal == action.requester.principal.id,
        t.requests.c.connection == action.connection,
        t.requests.c.operation == action.operation,
        t.requests.c.kind == "action",
        t.requests.c.status.in_(DONE),
        limit=1,
    )
    entry = found[0] if found else None
    if entry is None or entry.doubt or isinstance(past.read(conn, keys, entry), Doubt):
        return None
    if digest_of(entry.envelope) != entry.request.action_digest or _view_digest(entry) != entry.request.view_digest:
        return None
    return entry


def since(last: Entry | None, proposal: Proposal, rows: int) -> list[str]:
    """In words for a reviewer, the weightiest first; empty where nothing is new."""
    action = proposal.action
    if last is None:
        return [f"the first {action.operation} of this requester on this connection"]
    before: Mapping[str, Any] = last.envelope
    requester, then = action.requester, before["requester"]
    said = [
        *_more("reaches", {_short(q.resource) for q in action.questions}, {_short(r) for _, r in before["questions"]}),
        *_more("also does", {q.operation for q in action.questions}, {o for o, _ in before["questions"]}),
        *_more("shows unmasked", proposal.decision.revealed, before["reveal"]),
        *_more("touches", action.classes, before["classes"]),
        *_more("searches by hidden", action.probes, before["probes"]),
    ]
    estimated = int(last.view["body"].get("estimated_rows") or 0)
    if rows >= MANY_TIMES * max(estimated, 1):
        said.append(f"about {rows:,} rows; the last had {estimated:,}" if estimated else f"about {rows:,} rows")
    for what, now, was in (
        ("goes to", action.destination, before["destination"]),
        ("comes from", requester.client_address or "a local socket", then["address"] or "a local socket"),
        ("for", _name(requester.on_behalf_of), _name(then["on_behalf_of"])),
        ("purpose", action.purpose or "none", before["purpose"] or "none"),
    ):
        if now != was:
            said.append("another purpose is stated" if what == "purpose" else f"{what} {now}; the last: {was}")
    if requester.credential_id != then["credential"]:
        said.append("another credential than the last")
    if plain(proposal.view_facts.statement_masked) != last.view["body"].get("statement"):
        said.append("another statement than the last")
    return said


def _more(verb: str, now: Iterable[str], before: Iterable[str]) -> list[str]:
    added = sorted(set(now) - set(before))
    return [f"{verb} {', '.join(added)}; the last did not"] if added else []


def _short(resource: str) -> str:
    return resource.split("/", 1)[-1]


def _name(principal: Any) -> str:
    if principal is None:
        return "nobody else"
    return str(principal["id"] if isinstance(principal, Mapping) else principal.id)


def _view_digest(entry: Entry) -> str:
    return digest("view", {"body": entry.view.get("body", {}), "lines": entry.view.get("lines", [])})
