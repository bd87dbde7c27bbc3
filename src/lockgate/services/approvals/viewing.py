"""The view of a request that is being opened: what a gateway knows, what is new in it, who is asked and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from lockgate.approvals import Quorum
from lockgate.services.approvals import novelty
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.nouns import Proposal
from lockgate.services.views import View, instant, render

TOO_LONG = "this is too long for a reviewer to be shown all of it, so nobody could approve it"
TOO_LONG_HINT = "send it in parts, or long lists as one array parameter"


def view_of(desk: Desk, conn: Connection, proposal: Proposal, quorums: Sequence[Quorum], decide_by_at: int) -> View:
    """Rendered once, and never again."""
    facts = proposal.view_facts
    if not facts.estimated_rows and proposal.estimated_rows:
        facts = replace(facts, estimated_rows=proposal.estimated_rows)
    last = novelty.last_like(conn, desk.keys, proposal.action)
    return render(
        facts,
        proposal.action,
        proposal.decision,
        proposal.profiles,
        mask=desk.mask,
        new=novelty.since(last, proposal, facts.estimated_rows),
        like="" if last is None else f"{last.request.id}, which ended {instant(last.request.last_at)}",
        asks=[", then ".join(f"{s.count} of {s.group}" for s in quorum.stages) for quorum in quorums],
        decide_by_at=decide_by_at,
    )
