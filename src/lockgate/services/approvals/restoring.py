"""After an older store was put back: everything that waited or was lent is void, and nothing held executes until two
people accept it.

Whether that is still so is read from the log's own events, each under its MAC, and from no flag that could be cleared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from lockgate.action import JSON
from lockgate.approvals import Request, Status, events, step
from lockgate.approvals.conflict import PREPARED_SINCE_S, may_be_one
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals import glass, switch
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk, advance, settled
from lockgate.services.approvals.entries import load_where
from lockgate.services.approvals.nouns import FAILED, FORBIDDEN, Refusal, Voter
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.sealed import change_row
from lockgate.store.tables import approvals as t
from lockgate.store.tables.chat import chat_codes
from lockgate.store.tables.log import events as log_events
from lockgate.store.tables.logins import logins
from lockgate.store.tables.outbox import outbox
from lockgate.store.tables.people import credentials

ACCEPTED_BY = 2
RESTORED, ACCEPTED = "store.restored", "restore.accepted"
WHY = "an older store was put back"
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Restore:
    """The last restore: its event, when it was, what it gave up, and who has accepted it."""

    event: str
    at: int
    body: dict[str, JSON]
    accepted: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return len(self.accepted) < ACCEPTED_BY


def last(desk: Desk, conn: Connection) -> Restore | None:
    """The last restore on record, None where there never was one. An event that fails its MAC counts as a restore that
    nobody has accepted."""
    rows = conn.execute(
        select(log_events.c.id, log_events.c.time_at, log_events.c.type, log_events.c.leaf, log_events.c.mac)
        .where(log_events.c.type.in_([RESTORED, ACCEPTED]))
        .order_by(log_events.c.seq)
    ).all()
    found: Restore | None = None
    key = event_key(desk.keys)
    for row in rows:
        genuine = is_genuine(key, bytes(row.leaf), bytes(row.mac))
        leaf: dict[str, Any] = json.loads(bytes(row.leaf)) if genuine else {}
        body = leaf["body"] if genuine and leaf["id"] == row.id else {}
        if row.type == RESTORED or not genuine:
            found = Restore(row.id, row.time_at, body)
        elif found is not None and body.get("restore") == found.event and body["by"] not in found.accepted:
            found = Restore(found.event, found.at, found.body, (*found.accepted, str(body["by"])))
    return found


def refuse_if_open(desk: Desk, conn: Connection) -> Refusal | None:
    """For the consuming transaction."""
    found = last(desk, conn)
    if found is None or not found.open:
        return None
    return Refusal(
        FAILED,
        f"an older store was put back and {ACCEPTED_BY - len(found.accepted)} more people must accept that",
        "lockgate restore accept",
    )


def void(
    desk: Desk, conn: Connection, record: dict[str, JSON], *, stopped: bool = False
) -> tuple[dict[str, int], list[Event]]:
    """Void open requests, grants, glasses, lent places, sessions, tokens, keys, unsent messages, and logins and codes
    that were on their way, under one event.

    `stopped`: the kill switch was on in the store that was replaced, and a restore does not lift it.
    """
    now_at = desk.clock()
    log: list[Event] = []
    # What waited to be sent may have been sent since; what is written below is new.
    unsent = conn.execute(update(outbox).where(outbox.c.state == "waiting").values(state="dead", error="restored"))
    counts = {"messages": unsent.rowcount, "requests": 0, "grants": 0, "standing": 0, "glasses": 0}
    for table in (logins, chat_codes):  # what was taken since would be there again
        conn.execute(delete(table))
    waiting = (Status.PENDING.value, Status.APPROVED.value)
    for entry in load_where(conn, t.requests.c.status.in_(waiting), limit=MOST):
        settled(desk, conn, entry, now_at, log)
        before = entry.request.status
        gone = step(entry.request, events.Invalidated(WHY), now_at)
        if isinstance(gone, Request):
            advance(desk, conn, entry, gone, events.Invalidated(WHY), now_at, log)
            approved = "standing" if entry.kind == "standing" else "grants"
            counts[approved if before is Status.APPROVED else "requests"] += 1
    broken = (t.requests.c.kind == "glass", t.requests.c.status == Status.EXECUTING.value)
    for entry in load_where(conn, *broken, limit=MOST):
        glass.close(desk, conn, entry, Status.SUCCEEDED, log)
        counts["glasses"] += 1
    if stopped and not switch.read(conn, lock=True).on:
        switch.write(conn, switch.Switch(True, "restore", now_at))
        log.append(Event("kill_switch", {"topic": switch.TOPIC, "on": True, "by": "restore", "reason": WHY}))
    lent = update(t.delegations).where(t.delegations.c.revoked.is_(False)).values(revoked=True)
    counts["lent"] = conn.execute(lent).rowcount
    tokens = conn.execute(select(credentials).where(credentials.c.revoked_at == 0)).all()
    revoked = [change_row(conn, desk.keys, credentials, token, revoked_at=now_at) for token in tokens]
    counts["credentials"] = sum(revoked)
    body: dict[str, JSON] = {**record, "voided": dict(counts), "lent": desk.lent.reseal(conn)}
    return counts, [Event(RESTORED, body), *log]


def accept(desk: Desk, conn: Connection, by: Voter) -> tuple[Restore | Refusal, list[Event]]:
    """One of two people says that the store as it was put back may be worked with.

    They were administrators or reviewers before the restore, are two humans, and neither made or moved the other's
    account in the day before it.
    """
    found = last(desk, conn)
    if found is None or not found.open:
        return Refusal(FORBIDDEN, "there is no restore to accept"), []
    people = who.look(desk, conn, desk.clock())
    account = people.accounts.get(by.person_id)
    if not by.interactive or by.token_has_act or account is None or not account.human or not account.active:
        return Refusal(FORBIDDEN, "this needs a person who is logged in", "log in yourself"), []
    deciders = {desk.rules.switch_group, desk.rules.review_group}
    since = {group: at for group, at in account.groups.items() if group in deciders and at < found.at}
    if account.created_at >= found.at or not since or not people.own_groups(by.person_id) & since.keys():
        groups = " or ".join(sorted(deciders))
        return Refusal(FORBIDDEN, f"only who was in {groups} before the restore may accept it"), []
    human = people.links.get(by.person_id, frozenset({by.person_id}))
    if human & set(found.accepted):
        return Refusal(FORBIDDEN, "you have accepted it already; another person must too"), []
    day_before_at = found.at - PREPARED_SINCE_S * SECOND
    for other in found.accepted:
        theirs = people.links.get(other, frozenset({other}))
        if may_be_one(human, theirs):
            return Refusal(FORBIDDEN, f"{other} may be yourself, by an account of another issuer; link the two"), []
        if _made(people, human, theirs, day_before_at) or _made(people, theirs, human, day_before_at):
            return Refusal(FORBIDDEN, f"you or {other} made or moved the other's account; a third person must"), []
    accepted = Restore(found.event, found.at, found.body, (*found.accepted, by.person_id))
    body: dict[str, JSON] = {"restore": found.event, "by": by.person_id, "open": accepted.open}
    return accepted, [Event(ACCEPTED, body)]


def _made(people: who.People, makers: frozenset[str], made: frozenset[str], since_at: int) -> bool:
    for name in made:
        account = people.accounts.get(name)
        if account is None:
            continue
        if account.created_by in makers and account.created_at >= since_at:
            return True
        if any(by in makers and at >= since_at for by, at, _ in account.changed_by):
            return True
    return False
