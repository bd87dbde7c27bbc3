"""The path's questions to others, in their words: to policy, and to the log that writes a read down once by shape."""

from __future__ import annotations

from lockgate.action import JSON, Decision, Requester
from lockgate.pipeline.nouns import Facts, Moment, Ticket, Wishes
from lockgate.policy import Context, Query
from lockgate.policy.permits import date_of, day

HOUR_US = 3600 * 1_000_000
AUDITED_BY_SHAPE = frozenset({"sql.select", "sql.session", "sql.temp"})
"""Reads in which every PHI column is masked may be recorded once for each shape and session (audit.md)."""


def moment_of(at: int) -> Moment:
    """Day and hour, UTC, of an instant in microseconds."""
    return Moment(day(date_of(at)), at // HOUR_US % 24)


def query_of(requester: Requester, facts: Facts, wishes: Wishes, glass: bool, moment: Moment) -> Query:
    return Query(
        requester=requester,
        questions=facts.questions,
        probes=facts.probes,
        lookups=facts.lookups,
        classes=facts.classes,
        reveal=wishes.reveal & facts.classes,
        context=Context(
            purpose=wishes.purpose,
            break_glass=glass,
            classes=facts.classes,
            rows=facts.estimated_rows,
            destination=facts.destination,
            address=requester.client_address,
            statement=facts.statement,
            today=moment.today,
            hour=moment.hour,
            masks=facts.masks,
            row_cap=wishes.most_rows,
            byte_cap=wishes.most_bytes,
        ),
        clean=facts.clean,
    )


def by_shape(facts: Facts, decision: Decision) -> bool:
    return (
        all(q.operation in AUDITED_BY_SHAPE for q in facts.questions)
        and not facts.probes
        and not facts.lookups
        and not decision.revealed
    )


def shape_facts(ticket: Ticket, catalog_digest: str) -> dict[str, JSON]:
    action = ticket.action
    return {
        "connection": action.connection,
        "principal": action.requester.principal.id,
        "actors": [actor.id for actor in action.requester.actors],
        "credential": action.requester.credential_id,
        "operation": action.operation,
        "questions": [[q.operation, q.resource] for q in action.questions],
        "classes": sorted(action.classes),
        "revealed": [],
        "policy": ticket.decision.policy_digest,
        "catalog": catalog_digest,
    }
