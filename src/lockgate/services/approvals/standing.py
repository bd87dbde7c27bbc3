"""Standing grants: typed terms, counted uses, at most eight hours, revocable, each use logged; there is no
"always".

A standing grant is itself a request that people approve on a view of its terms; while it is APPROVED it
covers requests of the same requester that its terms contain. Its uses are events of its history. A deny by a
reviewer, a withdrawal, the kill switch or its clock ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from lockgate.action import JSON, canonical, requester_json
from lockgate.approvals import Refusal as Refused
from lockgate.approvals import Status, Vote, step, still_counting
from lockgate.approvals.events import Used
from lockgate.approvals.model import STANDING_S
from lockgate.audit.event import Event
from lockgate.services.approvals import logged, past
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk, advance, believe, disbelieve, settled, take
from lockgate.services.approvals.entries import Entry, load_where
from lockgate.services.approvals.nouns import Proposal
from lockgate.store.tables import approvals as t

MAX_USES = 100


@dataclass(frozen=True, slots=True)
class Covering:
    """The grant that covers a request, and the votes that made it."""

    id: str
    votes: tuple[Vote, ...]


def terms_of(proposal: Proposal) -> dict[str, JSON]:
    """What the grant would let through, derived from one example: the same statement with other values, nothing beyond
    what the example does."""
    action, estimated_rows = proposal.action, proposal.estimated_rows
    return {
        "statement": proposal.statement,
        "requester": requester_json(action.requester),
        "connection": action.connection,
        "upstream": action.upstream,
        "questions": [[q.operation, q.resource] for q in sorted(action.questions)],
        "classes": sorted(action.classes),
        "probes": sorted(action.probes),
        "lookups": sorted(proposal.lookups),
        "reveal": sorted(action.reveal),
        "destination": action.destination,
        "rows": estimated_rows,
        "operators": dict(action.operators),
        "purpose": action.purpose,
        "row_cap": action.row_cap,
        "byte_cap": action.byte_cap,
    }


def within(proposal: Proposal, terms: Mapping[str, Any]) -> bool:
    """Whether the action stays inside the terms; an unknown number of rows is inside none."""
    action, estimated_rows = proposal.action, proposal.estimated_rows
    return (
        proposal.statement == terms.get("statement", "") != ""
        and not proposal.view_facts.uninspectable
        and canonical(requester_json(action.requester)) == canonical(terms["requester"])
        and action.connection == terms["connection"]
        and action.upstream == terms["upstream"]
        and {(q.operation, q.resource) for q in action.questions} <= {(o, r) for o, r in terms["questions"]}
        and action.classes <= set(terms["classes"])
        and action.probes <= set(terms["probes"])
        and proposal.lookups <= set(terms.get("lookups", ()))
        and action.reveal <= set(terms["reveal"])
        and action.destination == terms["destination"]
        and 0 < estimated_rows <= terms["rows"]
        and all(terms["operators"].get(cls) == how for cls, how in action.operators.items())
        and action.purpose == terms["purpose"]
        and _capped(action.row_cap, terms["row_cap"])
        and _capped(action.byte_cap, terms["byte_cap"])
    )


def _capped(asked: int, granted: int) -> bool:
    """Whether the stream is cut no later than was granted; 0 is no cap."""
    return not granted or 0 < asked <= granted


def explain(proposal: Proposal, max_uses: int, ttl_s: int) -> Proposal:
    """The proposal whose view shows the terms, not one statement."""
    terms = terms_of(proposal)
    does = _constraints(terms)
    minutes, everyone = ttl_s // 60, ", ".join(sorted(proposal.action.requester.everyone))
    facts = replace(
        proposal.view_facts,
        does=(
            f"a standing pass: {max_uses} uses within {minutes} minutes of the last approval,"
            " for this statement with any values, within",
            *does,
            f"may be revoked at any time by {everyone}, and by whoever may decide on it",
        ),
        flags=(*proposal.view_facts.flags, "it may run with other values than those of the example"),
        on_approve=f"this statement may run {max_uses} times in {minutes} minutes, with any values within these terms",
    )
    return replace(proposal, view_facts=facts, waiting=False)


def _constraints(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """The terms as a reviewer reads them, one a line."""
    named = {
        "only for": terms["requester"]["principal"]["id"],
        "with credential": terms["requester"]["credential"],
        "from": terms["requester"]["address"] or "a local socket",
        "only": "; ".join(f"{operation} on {resource}" for operation, resource in terms["questions"]),
        "classes reached": ", ".join(terms["classes"]) or "none",
        "searched by": ", ".join(terms["probes"]) or "no hidden value",
        "shown unmasked": ", ".join(terms["reveal"]) or "none",
        "masked by": ", ".join(f"{cls} {how}" for cls, how in sorted(terms["operators"].items())) or "nothing",
        "purpose": terms["purpose"] or "none stated",
        "to": terms["destination"],
        "at most": f"{terms['rows']} rows, as estimated each time; an unknown number is outside",
        "cut at": f"{terms['row_cap'] or 'no number of'} rows, {terms['byte_cap'] or 'no number of'} bytes",
    }
    return tuple(f"{key}: {value}" for key, value in named.items())


def lasting(ttl_s: int) -> int:
    return max(1, min(ttl_s, STANDING_S))


def covering(
    desk: Desk,
    conn: Connection,
    proposal: Proposal,
    entry: Entry,
    people: who.People,
    now_at: int,
    log: list[Event],
) -> Covering | None:
    """A grant in force that contains this proposal and whose approvers could approve it today."""
    mine = (t.requests.c.principal == entry.principal, t.requests.c.connection == entry.connection)
    for grant in load_where(conn, *mine, t.requests.c.kind == "standing", t.requests.c.status == Status.APPROVED.value):
        if not believe(desk, conn, grant, log):
            continue
        settled(desk, conn, grant, now_at, log)
        if not _in_force(grant) or not within(proposal, grant.facts["terms"]):
            continue
        groups = {v.person: people.groups(v.person) for v in grant.request.votes}
        conflicts = {**grant.request.conflicts, **entry.request.conflicts}
        votes = tuple(still_counting(grant.request.votes, groups, conflicts, people.links))
        if votes:
            return Covering(grant.request.id, votes)
    return None


def use(
    desk: Desk,
    conn: Connection,
    entry: Entry,
    known: Mapping[str, logged.Known],
    now_at: int,
    log: list[Event],
) -> bool:
    """Count one use in the consuming transaction; False when the grant is over."""
    grant_id = str(entry.facts.get("standing", ""))
    grant = take(desk, conn, grant_id, log)
    if grant is None or grant.doubt:
        return False
    settled(desk, conn, grant, now_at, log)
    if not _in_force(grant):
        return False
    missing = logged.missing(known, grant)
    if missing:
        disbelieve(desk, conn, grant, missing, log)
        return False
    happening = Used(entry.request.id)
    used = step(grant.request, happening, now_at)
    if isinstance(used, Refused):
        return False
    advance(desk, conn, grant, used, happening, now_at, log)
    log.append(Event("standing.used", {**past.named(grant), "request": grant_id, "used_by": entry.request.id}))
    return True


def _in_force(grant: Entry) -> bool:
    return grant.request.status is Status.APPROVED and grant.request.uses < int(grant.facts["max_uses"])
