"""Events about a decision: who asked for what, what policy said, and who may not approve it."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.action import JSON, Action, Decision, Requester
from lockgate.approvals.conflict import conflicts_json
from lockgate.audit.event import Event
from lockgate.services.approvals.entries import Entry
from lockgate.services.approvals.nouns import Proposal


def decision_event(entry: Entry, proposal: Proposal, conflicts: Mapping[str, tuple[str, ...]]) -> Event:
    action, request = proposal.action, entry.request
    return Event(
        "decision",
        {
            "decision": "require",
            "request": request.id,
            "kind": entry.kind,
            "action_digest": request.action_digest,
            "view_digest": request.view_digest,
            "commitment": entry.commitment,
            "decide_by_at": request.decide_by_at,
            **asked_for(action),
            "reasons": reasons_of(proposal.decision),
            "profiles": dict(proposal.profiles),
            "conflicts": conflicts_json(conflicts),
            "policy": proposal.policy_digest,
            "catalog": proposal.catalog_digest,
        },
    )


def refused_event(action: Action, proposal: Proposal, why: str, conflicts: Mapping[str, tuple[str, ...]]) -> Event:
    return Event(
        "decision",
        {
            "decision": "refused",
            "why": why,
            **asked_for(action),
            "reasons": reasons_of(proposal.decision),
            "conflicts": conflicts_json(conflicts),
            "policy": proposal.policy_digest,
            "catalog": proposal.catalog_digest,
        },
    )


def who_asks(requester: Requester) -> dict[str, JSON]:
    """Who, through whom, for whom, and from where."""
    behalf = requester.on_behalf_of
    return {
        "principal": requester.principal.id,
        "actors": [actor.id for actor in requester.actors],
        "on_behalf_of": None if behalf is None else behalf.id,
        "owners": sorted(requester.owners),
        "credential": requester.credential_id,
        "auth": requester.auth,
        "address": requester.client_address,
    }


def asked_for(action: Action) -> dict[str, JSON]:
    """Who asked for what: the part that every event about an action shares, and all that policy was asked with but the
    clock, which is the event's, and the statement's own name."""
    beside = action.circumstances
    return {
        **who_asks(action.requester),
        "session": action.requester.session,
        "connection": action.connection,
        "operation": action.operation,
        "questions": [[q.operation, q.resource] for q in action.questions],
        "classes": sorted(action.classes),
        "probes": sorted(action.probes),
        "lookups": sorted(beside.lookups),
        "clean": sorted(beside.clean & {q.resource for q in action.questions}),
        "rows": beside.rows,
        "purpose": action.purpose,
        "caps": {"rows": action.row_cap, "bytes": action.byte_cap},
        "destination": action.destination,
    }


def reasons_of(decision: Decision) -> list[JSON]:
    """The policies that determined it."""
    return [{"id": r.policy_id, "title": r.title} for r in decision.reasons]
