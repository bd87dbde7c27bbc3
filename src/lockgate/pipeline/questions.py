"""The path's questions to others, in their words: to policy, and to the log that writes a read down once by shape."""

from __future__ import annotations

from lockgate.action import JSON, Circumstances, Decision, Requester
from lockgate.pipeline.nouns import Facts, Moment, Ticket, Wishes
from lockgate.policy import Context, Query
from lockgate.policy.model import UNKNOWN_ROWS
from lockgate.policy.permits import date_of, day
from lockgate.services.approvals.decisions import asked_for, reasons_of

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
            rows=UNKNOWN_ROWS if facts.rows_unknown else facts.estimated_rows,
            destination=facts.destination,
            address=requester.client_address,
            auth=requester.auth,
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


def circumstances_of(facts: Facts) -> Circumstances:
    return Circumstances(facts.lookups, facts.clean, None if facts.rows_unknown else facts.estimated_rows)


def shape_facts(ticket: Ticket, statement: str, catalog_digest: str) -> dict[str, JSON]:
    """What one intent says of all runs of one statement with whatever values; `statement` names it (decision 26)."""
    return {
        **asked_for(ticket.action),
        "statement": statement,
        "values": "not committed",
        "decision": ticket.decision.effect.value,
        "reasons": reasons_of(ticket.decision),
        "revealed": [],
        "policy": ticket.decision.policy_digest,
        "catalog": catalog_digest,
    }
