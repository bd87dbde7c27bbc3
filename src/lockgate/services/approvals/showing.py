"""A request as people see it."""

from __future__ import annotations

from typing import Any

from lockgate.approvals import Status, Vote, asked, groups_of, settle
from lockgate.services.approvals.desk import POLICY, Desk
from lockgate.services.approvals.elsewhere import only_in_console
from lockgate.services.approvals.entries import Entry, texts
from lockgate.services.approvals.nouns import RequestView, VoteShown


def shown(desk: Desk, entry: Entry, now_at: int) -> RequestView:
    """As people see it, its clocks applied."""
    request = settle(entry.request, now_at)
    return RequestView(
        id=request.id,
        kind=entry.kind,
        state=request.status,
        why=request.why,
        principal=entry.principal,
        connection=entry.connection,
        operation=entry.operation,
        risk=entry.risk,
        created_at=request.created_at,
        decide_by_at=request.decide_by_at,
        use_by_at=request.use_by_at,
        action_digest=request.action_digest,
        view_digest=request.view_digest,
        sentence=str(entry.view.get("sentence", "")),
        lines=tuple(entry.view.get("lines", ())),
        view=entry.view.get("body", {}),
        asked=asked(request),
        gone_at=request.gone_at if request.status is Status.PENDING else 0,
        votes=tuple(_vote(v) for v in request.votes),
        conflicts=request.conflicts,
        execution_id=request.execution,
        link=desk.link(request.id),
        parent=str(entry.facts.get("parent", "")),
        child=str(entry.facts.get("child", "")),
        batch=entry.batch,
        review_by_at=request.review_by_at,
        overdue=request.overdue,
        reviews=tuple(_vote(v) for v in request.reviews),
        standing=str(entry.facts.get("standing", "")),
        console_only=only_in_console(entry),
        **_standing(entry),
    )


def _standing(entry: Entry) -> dict[str, Any]:
    if entry.kind not in ("standing", POLICY):
        return {}
    groups = (f"group:{name}" for name in sorted(groups_of(entry.request.quorums)))
    return {
        "uses": entry.request.uses,
        "max_uses": int(entry.facts.get("max_uses", 0)),
        "terms": entry.facts.get("permit" if entry.kind == POLICY else "terms", {}),
        "revocable_by": (*texts(entry.facts.get("everyone")), *groups),
    }


def _vote(vote: Vote) -> VoteShown:
    return VoteShown(vote.person, vote.approve, vote.at, vote.reason, tuple(sorted(vote.groups)))
