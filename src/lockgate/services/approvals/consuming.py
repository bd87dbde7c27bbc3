"""From approval to effect: look everything up again, consume once, write the intent; then the outcome."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from lockgate.action import JSON, Action, Decision, action_digest, attempt_key, commit, envelope
from lockgate.approvals import Quorum, Request, Status, events, satisfied_names, step, union
from lockgate.approvals import Refusal as Refused
from lockgate.audit.event import Event
from lockgate.services.approvals import people as who
from lockgate.services.approvals import standing, switch
from lockgate.services.approvals.desk import Desk, Entry, advance, load, new_id, settled
from lockgate.services.approvals.nouns import FAILED, FORBIDDEN, NOBODY, Decide, Refusal
from lockgate.services.approvals.opening import asked_for, seal_context
from lockgate.services.approvals.voting import NO_SUCH, current_conflicts
from lockgate.store.tables import approvals as t

ESCALATION = "escalation:"


@dataclass(frozen=True, slots=True)
class Begun:
    """An execution whose intent is the last event of its unit."""

    execution_id: str
    payload: bytes


def consume(
    desk: Desk,
    conn: Connection,
    request_id: str,
    action: Action,
    decide: Decide,
    profiles: Mapping[str, JSON] | None,
) -> tuple[Begun | Refusal, list[Event]]:
    """The single-use consume; every check runs in this transaction and the compare-and-set is last."""
    now_at = desk.clock()
    log: list[Event] = []
    entry = load(conn, request_id, lock=True)
    if entry is None:
        return NO_SUCH, log
    stopped = switch.refuse_if_on(conn)
    if stopped:
        return stopped, log
    settled(desk, conn, entry, now_at, log)
    if attempt_key(action, desk.attempt_secret) != entry.attempt_key:
        # Not the claimant of this request: refused without touching it, or anybody could invalidate it.
        return _said(
            entry, "this is not the action that the request is about", "ask for approval of this one"
        ), log
    if entry.request.status is not Status.APPROVED:
        return _said(entry, f"the request is {entry.request.status.lower()}", "repeat the statement"), log

    people = who.look(desk, conn, now_at)
    conflicts = union(entry.request.conflicts, current_conflicts(desk, conn, people, entry))
    groups_now = {v.person: people.groups(v.person) for v in entry.request.votes}
    current = _current(entry.request, profiles)
    names = satisfied_names(entry.request, groups_now, conflicts, current)
    payload = _payload(desk, conn, entry)
    execution_id = new_id("exe")
    decision = decide(frozenset(n for n in names if not n.startswith(ESCALATION)))
    consumed = step(
        entry.request,
        events.Consumed(
            execution=execution_id,
            conflicts=conflicts,
            groups_now=groups_now,
            current=current,
            same_action=payload == action.payload and _same_action(conn, entry, action),
            requester_valid=people.active(action.requester),
            policy_holds=_reveals_no_more(entry, decision),
            stopped=False,
        ),
        now_at,
    )
    if isinstance(consumed, Refused):
        return _said(entry, consumed.message, consumed.hint), log
    by_standing = consumed.status is Status.EXECUTING and bool(entry.facts.get("standing"))
    if by_standing and not standing.use(desk, conn, entry, now_at, log):
        gone = step(entry.request, events.Invalidated("the standing grant is over"), now_at)
        assert isinstance(gone, Request)
        consumed = gone
    if consumed.status is not Status.EXECUTING or payload is None:
        advance(desk, conn, entry, consumed, log)
        return _said(
            entry, f"the approval no longer holds: {consumed.why}", "repeat the statement to ask again"
        ), log
    advance(desk, conn, entry, consumed, log, execution=execution_id)
    _begin(conn, desk, execution_id, request_id, action, now_at)
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
        )
    )
    return Begun(execution_id, payload), log


@dataclass(frozen=True, slots=True)
class Recorded:
    """An execution that needs nobody, with what needs no transaction done before it."""

    action: Action
    decision: Decision
    execution_id: str
    salt: bytes
    commitment: str
    digest: str
    catalog_digest: str
    glass: str = ""


def prepare_record(
    desk: Desk, action: Action, decision: Decision, catalog_digest: str, glass: str
) -> Recorded:
    salt = secrets.token_bytes(32)
    commitment = commit(action.payload, salt)
    execution_id = new_id("exe")
    now_at = desk.clock()
    body = envelope(
        action,
        commitment=commitment,
        profiles={},
        policy_digest=decision.policy_digest,
        catalog_digest=catalog_digest,
        occurrence=execution_id,
        created_at=now_at,
        not_after_at=now_at,
    )
    return Recorded(
        action, decision, execution_id, salt, commitment, action_digest(body), catalog_digest, glass
    )


def record(desk: Desk, conn: Connection, prepared: Recorded) -> tuple[Begun | Refusal, list[Event]]:
    """Durable intent before an effect that needs nobody's approval; the kill switch is read here too."""
    stopped = switch.refuse_if_on(conn)
    if stopped:
        return stopped, []
    if not prepared.decision.allowed:
        return Refusal(FORBIDDEN, "policy does not allow this without people"), []
    now_at = desk.clock()
    action = prepared.action
    conn.execute(insert(t.commitment_salts).values(commitment=prepared.commitment, salt=prepared.salt))
    _begin(conn, desk, prepared.execution_id, prepared.glass, action, now_at)
    event = intent(
        action,
        prepared.decision,
        execution_id=prepared.execution_id,
        request_id=prepared.glass or None,
        digest=prepared.digest,
        commitment=prepared.commitment,
        catalog=prepared.catalog_digest,
    )
    return Begun(prepared.execution_id, action.payload), [event]


def intent(
    action: Action,
    decision: Decision,
    *,
    execution_id: str,
    request_id: str | None,
    digest: str,
    commitment: str,
    catalog: str,
) -> Event:
    return Event(
        "intent",
        {
            "execution": execution_id,
            "request": request_id,
            "mode": "each",
            "action_digest": digest,
            "commitment": commitment,
            **asked_for(action),
            "revealed": sorted(decision.revealed),
            "policy": decision.policy_digest,
            "catalog": catalog,
        },
    )


def finish(
    desk: Desk,
    conn: Connection,
    execution_id: str,
    outcome: Status,
    rows: int,
    bytes_: int,
    code: str,
) -> tuple[bool, list[Event]]:
    """The outcome, once; a second one changes nothing."""
    now_at = desk.clock()
    row = conn.execute(select(t.executions).where(t.executions.c.id == execution_id)).first()
    if row is None or row.status != Status.EXECUTING.value:
        return False, []
    closed = conn.execute(
        update(t.executions)
        .where(t.executions.c.id == execution_id, t.executions.c.status == Status.EXECUTING.value)
        .values(finished_at=now_at, status=outcome.value, rows=rows, bytes=bytes_, code=code)
    )
    if closed.rowcount != 1:
        return False, []
    body: dict[str, JSON] = {
        "execution": execution_id,
        "status": outcome.value,
        "rows": rows,
        "bytes": bytes_,
        "code": code,
    }
    log: list[Event] = []
    if row.request:
        body["request"] = row.request
        entry = load(conn, row.request, lock=True)
        if entry is not None and entry.request.execution == execution_id:
            after = step(entry.request, events.Finished(execution_id, outcome), now_at)
            if isinstance(after, Request):
                advance(desk, conn, entry, after, log)
    return True, [*log, Event("outcome", body)]


def recover(desk: Desk, conn: Connection) -> tuple[int, list[Event]]:
    """At start: what this instance had begun and never finished is UNKNOWN, and is never retried by
    itself.
    """
    switch.install(conn)
    open_ids = conn.execute(
        select(t.executions.c.id).where(
            t.executions.c.status == Status.EXECUTING.value, t.executions.c.instance == desk.rules.instance
        )
    ).scalars()
    log: list[Event] = []
    count = 0
    for execution_id in list(open_ids):
        done, written = finish(desk, conn, execution_id, Status.UNKNOWN, 0, 0, "recovered")
        count += int(done)
        log += written
    return count, log


def reconcile(
    desk: Desk, conn: Connection, name: str, done: bool, by: str
) -> tuple[Refusal | Status, list[Event]]:
    """A person found out what an UNKNOWN execution did; `name` is a request's id or an execution's."""
    now_at = desk.clock()
    log: list[Event] = []
    account = who.look(desk, conn, now_at).accounts.get(by)
    if account is None or not account.human or not account.active:
        return Refusal(FORBIDDEN, "only a person may settle what is unknown"), log
    status = Status.RECONCILED_DONE if done else Status.RECONCILED_NO_EFFECT
    entry = load(conn, name, lock=True)
    execution_id = name if entry is None else entry.request.execution
    settled_one = conn.execute(
        update(t.executions)
        .where(t.executions.c.id == execution_id, t.executions.c.status == Status.UNKNOWN.value)
        .values(status=status.value)
    )
    if settled_one.rowcount != 1:
        return Refusal(
            NOBODY, "nothing unknown has this name", "see lockgate requests list --state UNKNOWN"
        ), log
    if entry is not None:
        after = step(entry.request, events.Reconciled(done), now_at)
        if isinstance(after, Refused):
            return _said(entry, after.message, after.hint), log
        advance(desk, conn, entry, after, log, by=by)
    body: dict[str, JSON] = {"execution": execution_id, "status": status.value, "by": by}
    if entry is not None:
        body["request"] = entry.request.id
    return status, [*log, Event("reconciled", body)]


def _begin(
    conn: Connection, desk: Desk, execution_id: str, request_id: str, action: Action, now_at: int
) -> None:
    conn.execute(
        insert(t.executions).values(
            id=execution_id,
            request=request_id,
            instance=desk.rules.instance,
            principal=action.requester.principal.id,
            connection=action.connection,
            operation=action.operation,
            started_at=now_at,
            finished_at=0,
            status=Status.EXECUTING.value,
            rows=0,
            bytes=0,
            code="",
        )
    )


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
    return desk.keys.open(bytes(sealed), seal_context(entry.tenant, entry.request.id, entry.commitment))


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
