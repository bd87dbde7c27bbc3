"""What people are told of a request, through the outbox, in the transaction that makes it true.

A notice holds no PHI, no words of the requester's, and no credential: its link leads to a login.
"""

from __future__ import annotations

from sqlalchemy import Connection

from lockgate.action import JSON
from lockgate.approvals import Request, Status, asked, groups_of
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.entries import Entry
from lockgate.store import outbox

WAITS_FOR_PEOPLE = frozenset({Status.PENDING, Status.REVIEW_DUE})


def notify(desk: Desk, conn: Connection, entry: Entry) -> None:
    """Tell the chats that it moved, and the webhooks what happened and who could decide it now."""
    request = entry.request
    for chat in desk.rules.chats:
        # What a chat shows is looked up when it is sent: a message says where the request stands then.
        moved: dict[str, JSON] = {"request": request.id, "state": request.status.value}
        outbox.put(conn, chat, "", moved, now_at=request.last_at)
    if not desk.rules.webhooks:
        return
    body: dict[str, JSON] = {
        "type": f"request.{request.status.value.lower()}",
        "request": request.id,
        "kind": entry.kind,
        "state": request.status.value,
        "connection": entry.connection,
        "operation": entry.operation,
        "principal": entry.principal,
        "risk": entry.risk,
        "asked": list(asked(request)),
        "reviewers": list(_reviewers(desk, conn, request)),
        "decide_by_at": request.decide_by_at,
        "overdue": request.overdue,
        "link": desk.link(request.id),
        "tell": list(entry.facts.get("tell", [])),
    }
    for destination in desk.rules.webhooks:
        outbox.put(conn, "webhook", destination, body, now_at=request.last_at)


def _reviewers(desk: Desk, conn: Connection, request: Request) -> list[str]:
    """Those who may decide, and nobody else: who is in conflict, too new or no member is not named."""
    if request.status not in WAITS_FOR_PEOPLE and not request.glass:
        return []
    groups = groups_of(request.quorums) if request.glass else frozenset(asked(request))
    people = who.look(desk, conn, request.last_at)
    voted = {vote.human for vote in request.votes}
    eligible = people.eligible(request.conflicts)
    return sorted(person for person, own in eligible.items() if own & groups and person not in voted)
