"""Forgetting: a salt is destroyed, and its commitment in the log says nothing any more; the log itself stays whole.

Whoever has the salt can try values against the commitment until one fits, and a record number is soon guessed. So what
a salt opens is as good as kept for as long as the salt is, in the store and in every backup that was made meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from lockgate.approvals import Status
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.nouns import FORBIDDEN, NOBODY, Refusal, Voter
from lockgate.services.approvals.parties import is_party
from lockgate.store.tables import approvals as t
from lockgate.store.tables.log import events as logged
from lockgate.store.tables.settings import settings

OPEN = (Status.PENDING.value, Status.APPROVED.value, Status.EXECUTING.value, Status.UNKNOWN.value)
CURSOR = "salts_swept_to"
COMMITTING = ("intent", "decision")
AT_ONCE = 1000


def erase(desk: Desk, conn: Connection, name: str, by: Voter) -> tuple[Refusal | int, list[Event]]:
    """Destroy what opens the commitments of an event or of a request, its sealed payload too; how many salts. Refused
    to whoever it was done or asked by or for: it is evidence of what they did."""
    people = who.look(desk, conn, desk.clock())
    if (
        not by.interactive
        or by.token_has_act
        or not people.own_groups(by.person_id) & {desk.rules.switch_group, desk.rules.review_group}
    ):
        return Refusal(FORBIDDEN, "only administrators and reviewers erase"), []
    bodies = [_body(leaf) for leaf in conn.execute(_events(name)).scalars()]
    if is_party(desk, conn, people, by.person_id, (name for body in bodies for name in _named(body))):
        return Refusal(FORBIDDEN, "nobody erases what opens the evidence of their own doing", "ask somebody else"), []
    commitments = sorted({str(body["commitment"]) for body in bodies if body.get("commitment")})
    if not commitments:
        return Refusal(NOBODY, "nothing of this name is committed to in the log", "give an event or a request"), []
    requests = sorted({str(body["request"]) for body in bodies if body.get("request")})
    waiting = select(t.requests.c.id).where(t.requests.c.id.in_(requests), t.requests.c.status.in_(OPEN))
    if conn.execute(waiting).first() is not None:
        return Refusal(NOBODY, "the request is not over: what it binds to is still needed", "deny or withdraw it"), []
    gone = _destroy(conn, commitments)
    conn.execute(delete(t.payloads).where(t.payloads.c.request.in_(requests)))
    body: dict[str, Any] = {"by": by.person_id, "of": name, "commitments": commitments, "salts": gone}
    return gone, [Event("salt.destroyed", body)]


def expire(conn: Connection, now_at: int, kept_s: int) -> list[Event]:
    """Destroy the salts of what is older; a step at a time, from where the last one ended."""
    horizon_at = now_at - kept_s * SECOND
    known = conn.execute(select(settings.c.value).where(settings.c.name == CURSOR)).scalar()
    start = int(known or 0)
    behind = logged.c.seq > start
    oldest = conn.execute(select(logged.c.time_at).where(behind).order_by(logged.c.seq).limit(1)).scalar()
    if oldest is None or oldest >= horizon_at:
        return []
    query = select(logged.c.seq, logged.c.time_at, logged.c.type, logged.c.leaf).where(behind).order_by(logged.c.seq)
    end, commitments = start, set()
    for row in conn.execute(query.limit(AT_ONCE)):
        if row.time_at >= horizon_at:
            break
        end = row.seq
        if row.type in COMMITTING:
            commitments.add(str(_body(row.leaf).get("commitment", "")))
    gone = _destroy(conn, commitments)
    if known is None:
        conn.execute(insert(settings).values(name=CURSOR, value=str(end)))
    else:
        conn.execute(update(settings).where(settings.c.name == CURSOR).values(value=str(end)))
    return [Event("salt.destroyed", {"by": "retention", "before": horizon_at, "salts": gone})] if gone else []


def _events(name: str) -> Any:
    mine = logged.c.request == name if name.startswith("req_") else logged.c.id == name
    return select(logged.c.leaf).where(mine)


def _body(leaf: bytes) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(bytes(leaf))["body"]
    return body


def _named(body: Mapping[str, Any]) -> Iterable[str]:
    """Whoever it was asked or done by and for, and who could not decide on it for whatever reason."""
    alone = (body.get("principal"), body.get("on_behalf_of"))
    together = (body.get("actors"), body.get("owners"), body.get("conflicts"))
    return (str(name) for name in (*alone, *(one for some in together for one in some or ())) if name)


def _destroy(conn: Connection, commitments: Iterable[str]) -> int:
    salts = t.commitment_salts
    wanted = salts.c.commitment.in_(list(commitments))
    count = conn.execute(select(func.count()).select_from(salts).where(wanted)).scalar_one()
    conn.execute(delete(salts).where(wanted))
    return int(count)
