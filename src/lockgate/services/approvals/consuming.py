"""The consume: everything is looked up again in the transaction that uses the grant, once."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from lockgate.action import JSON, Action, Decision, action_digest, attempt_key, commit, envelope
from lockgate.approvals import Quorum, Request, Status, events, satisfied_names, step, union
from lockgate.approvals import Refusal as Refused
from lockgate.approvals.events import Event as Happening
from lockgate.audit.event import Event
from lockgate.errors import SealError
from lockgate.services.approvals import logged, restoring, standing, switch
from lockgate.services.approvals import people as who
from lockgate.services.approvals.before import ESCALATION
from lockgate.services.approvals.desk import Desk, advance, disbelieve, not_believed, settled, take
from lockgate.services.approvals.entries import Entry, new_id
from lockgate.services.approvals.executing import Begun, begin, intent
from lockgate.services.approvals.nouns import FAILED, NOBODY, Decide, Refusal
from lockgate.services.approvals.opening import seal_context
from lockgate.services.approvals.voting import NO_SUCH, current_conflicts
from lockgate.store.tables import approvals as t


def consume(
    desk: Desk,
    conn: Connection,
    request_id: str,
    action: Action,
    decide: Decide,
    profiles: Mapping[str, JSON] | None,
    transaction: str,
    known: Mapping[str, logged.Known],
) -> tuple[Begun | Refusal, list[Event]]:
    """The single-use consume; every check runs in this transaction and the compare-and-set is last."""
    log: list[Event] = []
    entry = take(desk, conn, request_id, log)
    if entry is None:
        return NO_SUCH, log
    if entry.doubt:
        return not_believed(entry), log
    now_at = desk.now(entry)
    stopped = switch.refuse_if_on(conn) or restoring.refuse_if_open(desk, conn)
    if stopped:
        return stopped, log
    settled(desk, conn, entry, now_at, log)
    if attempt_key(action, desk.attempt_secret) != entry.attempt_key:
        # Not the claimant of this request: refused without touching it, or anybody could invalidate it.
        return _said(entry, "this is not the action that the request is about", "ask for approval of this one"), log
    if entry.request.status is not Status.APPROVED:
        return _said(entry, f"the request is {entry.request.status.lower()}", "repeat the statement"), log
    missing = logged.missing(known, entry)
    if missing:
        disbelieve(desk, conn, entry, missing, log)
        return not_believed(entry), log
    try:
        payload = _payload(desk, conn, entry)
    except SealError:
        disbelieve(desk, conn, entry, "its sealed payload does not open", log)
        return not_believed(entry), log

    people = who.look(desk, conn, now_at)
    conflicts = union(entry.request.conflicts, current_conflicts(desk, conn, people, entry))
    groups_now = {v.person: people.groups(v.person) for v in entry.request.votes}
    links_now = {v.person: people.links.get(v.person, frozenset({v.person})) for v in entry.request.votes}
    current = _current(entry.request, profiles)
    names = satisfied_names(entry.request, groups_now, conflicts, current, links_now)
    execution_id = new_id("exe")
    decision = decide(frozenset(n for n in names if not n.startswith(ESCALATION)))
    happening: Happening = events.Consumed(
        execution=execution_id,
        conflicts=conflicts,
        groups_now=groups_now,
        current=current,
        same_action=payload == action.payload and _same_action(conn, entry, action),
        requester_valid=people.active(action.requester),
        policy_holds=_reveals_no_more(entry, decision),
        stopped=False,
        links_now=links_now,
    )
    consumed = step(entry.request, happening, now_at)
    if isinstance(consumed, Refused):
        return _said(entry, consumed.message, consumed.hint), log
    by_standing = consumed.status is Status.EXECUTING and bool(entry.facts.get("standing"))
    if by_standing and not standing.use(desk, conn, entry, known, now_at, log):
        happening = events.Invalidated("the standing grant is over")
        gone = step(entry.request, happening, now_at)
        assert isinstance(gone, Request)
        consumed = gone
    if consumed.status is not Status.EXECUTING or payload is None:
        advance(desk, conn, entry, consumed, happening, now_at, log)
        return _said(entry, f"the approval no longer holds: {consumed.why}", "repeat the statement to ask again"), log
    advance(desk, conn, entry, consumed, happening, now_at, log, execution=execution_id)
    begin(conn, desk, execution_id, request_id, action, now_at, transaction)
    log.append(
        Event(
            "grant.consumed",
            {
                "request": request_id,
                "execution": execution_id,
                "action_digest": entry.request.action_digest,
                "satisfied": sorted(names),
                "approvers": sorted(v.person for v in consumed.votes if v.approve),
                "conflicts": sorted(consumed.conflicts),
            },
        )
    )
    log.append(
        intent(
            action,
            decision,
            execution_id=execution_id,
            request_id=request_id,
            digest=entry.request.action_digest,
            commitment=entry.commitment,
            catalog=str(entry.envelope["catalog"]),
            instance=desk.instance,
            transaction=transaction,
        )
    )
    return Begun(execution_id, payload), log


def _current(request: Request, profiles: Mapping[str, JSON] | None) -> tuple[Quorum, ...]:
    """Today's profiles of the request's names; what an escalation added has no profile and stays as it is."""
    if profiles is None:
        return request.quorums
    return tuple(
        q if q.name.startswith(ESCALATION) else Quorum.from_body(q.name, profiles[q.name])
        for q in request.quorums
        if q.name.startswith(ESCALATION) or q.name in profiles
    )


def _payload(desk: Desk, conn: Connection, entry: Entry) -> bytes | None:
    """The sealed original, opened where it belongs; None when it has expired and was destroyed."""
    sealed = conn.execute(
        select(t.payloads.c.sealed).where(t.payloads.c.request == entry.request.id)
    ).scalar_one_or_none()
    if sealed is None:
        return None
    return desk.keys.open(bytes(sealed), seal_context(entry.tenant, entry.request.id, entry.request.action_digest))


def _same_action(conn: Connection, entry: Entry, action: Action) -> bool:
    """The digest, made anew from what will really be sent under the salt of the proposal."""
    salt = conn.execute(
        select(t.commitment_salts.c.salt).where(t.commitment_salts.c.commitment == entry.commitment)
    ).scalar_one_or_none()
    if salt is None:
        return False
    commitment = commit(action.payload, bytes(salt))
    frozen = entry.envelope
    again = envelope(
        action,
        commitment=commitment,
        profiles=frozen["profiles"],
        policy_digest=frozen["policy"],
        catalog_digest=frozen["catalog"],
        occurrence=frozen["occurrence"],
        created_at=frozen["created_at"],
        not_after_at=frozen["not_after_at"],
    )
    return action_digest(again) == entry.request.action_digest == action_digest(frozen)


def _reveals_no_more(entry: Entry, decision: Decision) -> bool:
    return (
        decision.allowed
        and decision.revealed <= set(entry.facts["revealed"])
        and decision.masked >= set(entry.facts["masked"])
    )


def _said(entry: Entry, message: str, hint: str) -> Refusal:
    code = FAILED if entry.request.status is Status.EXECUTING else NOBODY
    return Refusal(code, message, hint, entry.request.id, entry.request.status.value)
