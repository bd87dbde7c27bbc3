"""Break glass: a human goes ahead alone in an emergency, seen by everybody, reviewed by two within a day.

45 CFR 164.312(a)(2)(ii). It opens one connection and the named classes, for one action or at most an hour;
what it lets through is still decided by policy with `break_glass` in the context, so that a `forbid` stays a
forbid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from lockgate.action import JSON, PHI_CLASSES, Action, Kind, Requester, attempt_key, digest, requester_json
from lockgate.approvals import Quorum, Request, Stage, Status, events, groups_of, step, union
from lockgate.approvals import Refusal as Refused
from lockgate.approvals.conflict import LENT, conflicts_json
from lockgate.approvals.model import GLASS_S, REVIEW_S, REVIEWERS, SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals import logged, past, switch
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk, advance, disbelieve, not_believed, settled, take
from lockgate.services.approvals.entries import Entry, add, load_where, new_id
from lockgate.services.approvals.nouns import FORBIDDEN, NOBODY, Refusal, RequestView, Voter
from lockgate.services.approvals.showing import shown
from lockgate.services.views import CHANNEL, MASKING, RENDERER, plain
from lockgate.store.tables import approvals as t

REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Glass:
    """An open glass: `until_at` it lets `classes` of `connection` through for one person."""

    request_id: str
    connection: str
    classes: frozenset[str]
    until_at: int
    review_by_at: int
    link: str


def break_glass(
    desk: Desk,
    conn: Connection,
    requester: Requester,
    voter: Voter,
    connection: str,
    classes: frozenset[str],
    reason: str,
    ttl_s: int,
    only: Action | None,
) -> tuple[Glass | Refusal, list[Event]]:
    """`only` binds it to one action; else it is open for `ttl_s`, at most an hour."""
    now_at = desk.clock()
    log: list[Event] = []
    if not connection or not classes or not classes <= set(PHI_CLASSES):
        return Refusal(FORBIDDEN, "breaking the glass names a connection and the classes it is for"), log
    people = who.look(desk, conn, now_at)
    account = people.accounts.get(requester.principal.id)
    alone = requester.principal.kind is Kind.HUMAN and not requester.actors and requester.on_behalf_of is None
    genuine = voter.person_id == requester.principal.id and voter.interactive and not voter.token_has_act
    review = Quorum("break-glass-review", (Stage(REVIEWERS, desk.rules.review_group),))
    conflicts = who.conflicts_of(desk, conn, people, requester, connection, groups_of([review]), now_at)
    lenders = people.lenders(requester.principal.id, desk.rules.glass_group)
    conflicts = union(conflicts, dict.fromkeys(lenders, (LENT,)))
    impossible = who.nobody_left(people, (review,), conflicts)
    if impossible:
        return Refusal(NOBODY, f"nobody could review this afterwards: {impossible}"), log
    request_id, told = new_id("glass"), desk.mask(reason[:REASON_CHARS])
    key = "" if only is None else attempt_key(only, desk.attempt_secret)
    until_at = now_at + min(ttl_s, GLASS_S) * SECOND
    body: dict[str, JSON] = {
        "occurrence": request_id,
        "requester": requester_json(requester),
        "connection": connection,
        "classes": sorted(classes),
        "reason": told,
        "only": key,
        "until_at": until_at,
        "catalog": "",
    }
    sentence = plain(f"{requester.principal.subject} broke the glass on {connection} for {', '.join(sorted(classes))}")
    lines = [
        sentence,
        f"their reason, unverified: {plain(told)}",
        "scope: one action" if only else f"scope: {min(ttl_s, GLASS_S) // 60} minutes",
        "if you approve: it counts as justified; if you deny: as a violation",
    ]
    made_by: dict[str, JSON] = {"version": RENDERER, "masking": MASKING, "channel": CHANNEL}
    view: dict[str, JSON] = {"sentence": sentence, "risk": "high", "lines": list(lines), "body": {**body, **made_by}}
    proposed = Request(
        id=request_id,
        status=Status.PROPOSED,
        action_digest=digest("break-glass", body),
        view_digest=digest("view", view),
        quorums=(review,),
        conflicts=conflicts,
        created_at=now_at,
        decide_by_at=now_at + REVIEW_S * SECOND,
        last_at=now_at,
        glass=True,
    )
    happening = events.GlassBroken(
        execution=request_id,
        until_at=until_at,
        human=account is not None and account.human and account.active and alone and genuine,
        in_role=desk.rules.glass_group in people.groups(requester.principal.id),
        step_up=voter.step_up,
        reason=told,
        stopped=switch.read(conn, lock=True).on,
    )
    broken = step(proposed, happening, now_at)
    if isinstance(broken, Refused):
        return Refusal(FORBIDDEN, broken.message, broken.hint), log
    entry = Entry(
        request=broken,
        version=1,
        kind="glass",
        tenant="",
        principal=requester.principal.id,
        connection=connection,
        operation="break_glass",
        risk="high",
        attempt_key=key,
        commitment="",
        envelope=body,
        view=view,
        facts={
            "everyone": sorted(requester.everyone),
            "editors": [],
            "classes": sorted(classes),
            "tell": _told(desk, people, requester.principal.id),
            "uses": 0,
        },
    )
    add(conn, entry)
    past.begin(conn, desk.keys, entry, proposed, happening, now_at, log_size=desk.log_size)
    desk.notify(desk, conn, entry)
    log.append(
        Event(
            "break_glass",
            {
                **past.named(entry),
                "request": request_id,
                "principal": requester.principal.id,
                "connection": connection,
                "classes": sorted(classes),
                "reason": told,
                "step_up": voter.step_up,
                "until_at": until_at,
                "action_digest": broken.action_digest,
                "conflicts": conflicts_json(conflicts),
            },
        )
    )
    log.append(Event("review.due", {"request": request_id, "due_at": broken.review_by_at}))
    return _glass(desk, entry), log


def open_glass(
    desk: Desk, conn: Connection, requester: Requester, connection: str, classes: Iterable[str]
) -> Glass | None:
    """The glass that this person has broken here for all of these classes, if it is still open."""
    if requester.actors or requester.on_behalf_of is not None:
        return None
    for entry in load_where(
        conn,
        t.requests.c.kind == "glass",
        t.requests.c.status == Status.EXECUTING.value,
        t.requests.c.principal == requester.principal.id,
        t.requests.c.connection == connection,
    ):
        still = desk.now(entry) < entry.request.glass_until_at
        if still and set(classes) <= set(entry.facts["classes"]):
            return _glass(desk, entry)
    return None


def use_glass(
    desk: Desk,
    conn: Connection,
    glass_id: str,
    action: Action,
    revealed: frozenset[str],
    known: Mapping[str, logged.Known],
) -> tuple[Refusal | None, list[Event]]:
    """Check, in the recording transaction, that this action is within the glass; one bound to an action
    serves once.
    """
    log: list[Event] = []
    entry = take(desk, conn, glass_id, log)
    requester = action.requester
    within = (
        entry is not None
        and not entry.doubt
        and entry.kind == "glass"
        and entry.request.status is Status.EXECUTING
        and desk.now(entry) < entry.request.glass_until_at
        and entry.principal == requester.principal.id
        and not requester.actors
        and requester.on_behalf_of is None
        and entry.connection == action.connection
        and revealed | action.reveal | action.probes <= set(entry.facts["classes"])  # what stays masked needs no glass
        and who.look(desk, conn, desk.clock()).active(requester)
    )
    if entry is not None and within:
        missing = logged.missing(known, entry)
        if missing:
            disbelieve(desk, conn, entry, missing, log)
            return not_believed(entry), log
    if not within or entry is None:
        return Refusal(FORBIDDEN, "the glass is not broken for this", "name the connection and the classes"), log
    if entry.attempt_key:
        if entry.attempt_key != attempt_key(action, desk.attempt_secret):
            return Refusal(FORBIDDEN, "the glass was broken for another action"), log
        close(desk, conn, entry, Status.SUCCEEDED, log)
    return None, log


def close(desk: Desk, conn: Connection, entry: Entry, outcome: Status, log: list[Event]) -> None:
    """No further use; its review is due."""
    happening, now_at = events.Finished(entry.request.execution, outcome), desk.now(entry)
    after = step(entry.request, happening, now_at)
    if isinstance(after, Request):
        advance(desk, conn, entry, after, happening, now_at, log)


def close_by(desk: Desk, conn: Connection, glass_id: str, by: str) -> tuple[RequestView | Refusal, list[Event]]:
    log: list[Event] = []
    entry = take(desk, conn, glass_id, log)
    if entry is None or entry.kind != "glass" or entry.principal != by:
        return Refusal(FORBIDDEN, "there is no glass of yours with this name"), log
    close(desk, conn, entry, Status.SUCCEEDED, log)
    return shown(desk, entry, desk.clock()), log


def close_expired(desk: Desk, conn: Connection, now_at: int, log: list[Event]) -> None:
    for entry in load_where(
        conn, t.requests.c.kind == "glass", t.requests.c.status == Status.EXECUTING.value, limit=1000
    ):
        settled(desk, conn, entry, now_at, log)
        if now_at >= entry.request.glass_until_at:
            close(desk, conn, entry, Status.SUCCEEDED, log)


def _told(desk: Desk, people: who.People, person: str) -> list[str]:
    """Everybody who answers for the data or for those who use it, whether or not they may review it."""
    groups = {desk.rules.review_group, desk.rules.owner_group, desk.rules.switch_group}
    return sorted(
        account.id
        for account in people.accounts.values()
        if account.human and account.active and account.id != person and groups & (account.groups.keys() | account.lent)
    )


def _glass(desk: Desk, entry: Entry) -> Glass:
    request = entry.request
    return Glass(
        request.id,
        entry.connection,
        frozenset(entry.facts["classes"]),
        request.glass_until_at,
        request.review_by_at,
        desk.link(request.id),
    )
