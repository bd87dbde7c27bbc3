"""The kill switch: read in every consuming transaction; one person turns it on, two lift it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from lockgate.action import JSON, canonical
from lockgate.approvals import Request, Status, counted_groups, events, step
from lockgate.approvals.conflict import PREPARED_SINCE_S, may_be_one
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk, advance, settled
from lockgate.services.approvals.entries import load_where
from lockgate.services.approvals.nouns import FAILED, FORBIDDEN, Refusal, Voter
from lockgate.store.event_mac import event_key, is_genuine
from lockgate.store.group import group_memo
from lockgate.store.seal import KeyRing
from lockgate.store.tables import approvals as t
from lockgate.store.tables.log import events as log_events

LIFTERS = 2
LIFT_TOGETHER_S = 3600
TOPIC = "kill_switch"

AS_IT_STANDS = select(t.kill_switch).where(t.kill_switch.c.id == 1)
LOCKED = AS_IT_STANDS.with_for_update(read=True)


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether everything is stopped, who stopped it, and who has agreed to go on."""

    on: bool
    by: str = ""
    at: int = 0
    agreed: tuple[tuple[str, int], ...] = ()
    """Who has agreed to lift it, and when; an agreement counts for an hour."""

    @property
    def lifted_by(self) -> tuple[str, ...]:
        return tuple(person for person, _ in self.agreed)


def read(conn: Connection, *, lock: bool = False) -> Switch:
    """As it stands; with `lock`, nobody turns it on between this and the end of the transaction."""
    row = conn.execute(LOCKED if lock else AS_IT_STANDS).first()
    if row is None:
        return Switch(False)
    mapping: Any = row._mapping
    return Switch(mapping["on"], mapping["by"], mapping["at"], tuple((p, at) for p, at in json.loads(mapping["lifts"])))


def as_logged(conn: Connection, keys: KeyRing) -> Switch:
    """As the log's own events say, each under its MAC; on where one of them was changed. For a transaction of its own:
    whoever reads the log conflicts with whoever writes it."""
    found, key = Switch(False), event_key(keys)
    query = select(log_events.c.id, log_events.c.leaf, log_events.c.mac)
    for row in conn.execute(query.where(log_events.c.type == TOPIC).order_by(log_events.c.seq)):
        genuine = is_genuine(key, bytes(row.leaf), bytes(row.mac))
        leaf: dict[str, Any] = json.loads(bytes(row.leaf)) if genuine else {}
        if not genuine or leaf["id"] != row.id:
            return Switch(True)
        body = leaf["body"]
        names = set(body.get("agreed", ())) if body["on"] else set()
        agreed = [*found.agreed, (body["by"], leaf["time"])] if body["by"] in names else found.agreed
        still = tuple(one for one in agreed if one[0] in names)
        turned = not found.on or not names
        found = Switch(body["on"], body["by"] if turned else found.by, leaf["time"] if turned else found.at, still)
    return found


def stopped(conn: Connection, keys: KeyRing) -> Switch:
    """On where the row or the log says so: the row alone is not believed."""
    row, logged = read(conn), as_logged(conn, keys)
    return logged if logged.on else row


def refuse_if_on(conn: Connection) -> Refusal | None:
    """The refusal while it is on. Units that commit as one group are the only writers of its transaction, so that one
    look serves them all until one of them may have changed it (`store.group_memo`)."""
    memo = group_memo(conn)
    on = memo.get(TOPIC)
    if on is None:
        on = memo[TOPIC] = read(conn, lock=True).on
    if on:
        return Refusal(FAILED, "the kill switch is on: nothing is executed", "ask whoever turned it on")
    return None


def install(conn: Connection) -> None:
    """Make sure that there is a row to lock."""
    if conn.execute(select(t.kill_switch.c.id)).first() is None:
        write(conn, Switch(False))


def turn_on(desk: Desk, conn: Connection, by: Voter, reason: str) -> tuple[Switch | Refusal, list[Event]]:
    """Stop: no execution begins, unconsumed grants are revoked; open requests keep waiting, their clocks run
    on.
    """
    now_at = desk.clock()
    people = who.look(desk, conn, now_at)
    refused = _may(desk, people, by)
    if refused:
        return refused, []
    switch = Switch(True, by.person_id, now_at)
    write(conn, switch)
    log = [
        Event("kill_switch", {"topic": TOPIC, "on": True, "by": by.person_id, "reason": desk.mask(reason)}),
    ]
    for entry in load_where(conn, t.requests.c.status == Status.APPROVED.value, limit=10_000):
        settled(desk, conn, entry, now_at, log)
        revoked = step(entry.request, events.Stopped(), now_at)
        if isinstance(revoked, Request):
            advance(desk, conn, entry, revoked, events.Stopped(), now_at, log)
    return switch, log


def lift(desk: Desk, conn: Connection, by: Voter, reason: str) -> tuple[Switch | Refusal, list[Event]]:
    """Two distinct humans must agree; the first only says so."""
    now_at = desk.clock()
    row, logged = read(conn, lock=True), as_logged(conn, desk.keys)
    if not row.on and not logged.on:
        return row, []
    # An agreement that is in the row alone is nobody's.
    switch = logged if logged.on else Switch(True, row.by, row.at)
    people = who.look(desk, conn, now_at)
    refused = _may(desk, people, by)
    if refused:
        return refused, []
    # As long as a judge made by a party is none: an account made for the purpose, or moved, is not the second person.
    cooling_s = max(desk.rules.cooling_s, PREPARED_SINCE_S)
    account = people.accounts[by.person_id]
    if desk.rules.switch_group not in counted_groups(
        account, now_at, installed_at=people.installed_at, cooling_s=cooling_s
    ):
        return Refusal(
            FORBIDDEN,
            "your account or your membership is too young to lift the kill switch",
            "it counts a day after it was given",
        ), []
    human = people.links.get(by.person_id, frozenset({by.person_id}))
    fresh = tuple(one for one in switch.agreed if one[1] > now_at - LIFT_TOGETHER_S * SECOND)
    if human & {person for person, _ in fresh}:
        return Refusal(FORBIDDEN, "you have agreed already; another person must agree too"), []
    if any(may_be_one(human, people.links.get(person, frozenset({person}))) for person, _ in fresh):
        return Refusal(
            FORBIDDEN,
            "whoever has agreed may be yourself, by an account of another issuer",
            "link your accounts, or agree by accounts of one issuer: lockgate login --link",
        ), []
    agreed = (*fresh, (by.person_id, now_at))
    on = len(agreed) < LIFTERS
    switch = Switch(on, switch.by if on else by.person_id, switch.at if on else now_at, agreed if on else ())
    write(conn, switch)
    body: dict[str, JSON] = {
        "topic": TOPIC,
        "on": on,
        "by": by.person_id,
        "agreed": [person for person, _ in agreed],
        "reason": desk.mask(reason),
    }
    return switch, [Event("kill_switch", body)]


def _may(desk: Desk, people: who.People, by: Voter) -> Refusal | None:
    account = people.accounts.get(by.person_id)
    if not by.interactive or by.token_has_act or account is None or not account.human or not account.active:
        return Refusal(FORBIDDEN, "the kill switch needs a person who is logged in", "log in yourself")
    if desk.rules.switch_group not in account.groups:
        return Refusal(FORBIDDEN, f"only {desk.rules.switch_group} may use the kill switch")
    return None


def write(conn: Connection, switch: Switch) -> None:
    """Make it so; the event is the caller's."""
    group_memo(conn).pop(TOPIC, None)
    values = {
        "on": switch.on,
        "by": switch.by,
        "at": switch.at,
        "lifts": canonical([list(one) for one in switch.agreed]).decode(),
    }
    if conn.execute(update(t.kill_switch).where(t.kill_switch.c.id == 1).values(**values)).rowcount == 0:
        conn.execute(insert(t.kill_switch).values(id=1, **values))
