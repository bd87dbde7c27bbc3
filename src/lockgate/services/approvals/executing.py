"""Executions: the durable intent before an effect, its outcome after, and what a crash leaves unknown."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select, update

from lockgate.action import JSON, Action, Decision, action_digest, commit, envelope
from lockgate.approvals import MOVES, Request, Status, events, step
from lockgate.approvals import Refusal as Refused
from lockgate.audit.event import Event
from lockgate.services.approvals import lookups, switch
from lockgate.services.approvals import people as who
from lockgate.services.approvals.decisions import asked_for, reasons_of
from lockgate.services.approvals.desk import Desk, advance, believe, take
from lockgate.services.approvals.entries import load_where, new_id
from lockgate.services.approvals.nouns import FORBIDDEN, NOBODY, Refusal
from lockgate.services.approvals.parties import behind, is_party
from lockgate.store.tables import approvals as t

READS = frozenset({"sql.select", "sql.session"})

# Built once: building it costs several times what running it does.
BEGIN = insert(t.executions)


@dataclass(frozen=True, slots=True)
class Begun:
    """An execution whose intent is the last event of its unit; `tracked` has a row of its own in the store."""

    execution_id: str
    payload: bytes
    tracked: bool = True


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
    looked_up: int = 0

    @property
    def tracked(self) -> bool:
        """Whether a crash would leave something to settle by hand. A read has no effect: its intent without an
        outcome says all that there is to know.
        """
        return bool(self.glass) or any(q.operation not in READS for q in self.action.questions)


def prepare_record(
    desk: Desk, action: Action, decision: Decision, catalog_digest: str, glass: str, looked_up: int = 0
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
        action, decision, execution_id, salt, commitment, action_digest(body), catalog_digest, glass, looked_up
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
    too_many = lookups.refuse_or_count(desk, conn, action.requester.principal.id, prepared.looked_up)
    if too_many is not None:
        return too_many, []
    if prepared.tracked:
        begin(conn, desk, prepared.execution_id, prepared.glass, action, now_at)
    event = intent(
        action,
        prepared.decision,
        execution_id=prepared.execution_id,
        request_id=prepared.glass or None,
        digest=prepared.digest,
        commitment=prepared.commitment,
        catalog=prepared.catalog_digest,
        instance=desk.instance,
    )
    event = replace(event, salt=(prepared.commitment, prepared.salt))
    return Begun(prepared.execution_id, action.payload, prepared.tracked), [event]


def intent(
    action: Action,
    decision: Decision,
    *,
    execution_id: str,
    request_id: str | None,
    digest: str,
    commitment: str,
    catalog: str,
    instance: str,
    transaction: str = "",
) -> Event:
    named: dict[str, JSON] = {"transaction": transaction} if transaction else {}
    return Event(
        "intent",
        {
            **named,
            "execution": execution_id,
            "instance": instance,
            "request": request_id,
            "mode": "each",
            "action_digest": digest,
            "commitment": commitment,
            **asked_for(action),
            "decision": decision.effect.value,
            "reasons": reasons_of(decision),
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
        .values(finished_at=now_at, status=outcome.value, rows=rows, bytes=bytes_, code=code[:64])
    )
    if closed.rowcount != 1:
        return False, []
    body = outcome_of(execution_id, outcome, rows, bytes_, code)
    log: list[Event] = []
    if row.request:
        body["request"] = row.request
        entry = take(desk, conn, row.request, log)
        if entry is not None and entry.request.execution == execution_id:
            happening = events.Finished(execution_id, outcome)
            after = step(entry.request, happening, now_at)
            if isinstance(after, Request):
                advance(desk, conn, entry, after, happening, now_at, log)
    return True, [*log, Event("outcome", body)]


def outcome_of(execution_id: str, outcome: Status, rows: int, bytes_: int, code: str) -> dict[str, JSON]:
    return {
        "execution": execution_id,
        "status": outcome.value,
        "rows": rows,
        "bytes": bytes_,
        "code": code[:64],
    }


def begun(conn: Connection) -> dict[str, str]:
    """Execution → the instance that began it, of all that have not ended."""
    query = select(t.executions.c.id, t.executions.c.instance).where(t.executions.c.status == Status.EXECUTING.value)
    return {row.id: row.instance for row in conn.execute(query)}


def lose(desk: Desk, conn: Connection, executions: Iterable[str]) -> tuple[int, list[Event]]:
    """What nobody will see end is UNKNOWN, and is never retried by itself; how many of them had not ended."""
    log: list[Event] = []
    count = 0
    for execution_id in executions:
        done, written = finish(desk, conn, execution_id, Status.UNKNOWN, 0, 0, "recovered")
        count += int(done)
        log += written
    return count, log


def void_unbelieved(desk: Desk, conn: Connection) -> tuple[None, list[Event]]:
    """At start: what is open and has no history that vouches for it (an older version's, or an edited store's) is
    void."""
    switch.install(conn)
    log: list[Event] = []
    for entry in load_where(conn, t.requests.c.status.in_(MOVES), limit=10_000):
        believe(desk, conn, entry, log)
    return None, log


def reconcile(desk: Desk, conn: Connection, name: str, done: bool, by: str) -> tuple[Refusal | Status, list[Event]]:
    """A person found out what an UNKNOWN execution did; `name` is a request's id or an execution's. Refused to whose
    doing it was."""
    people = who.look(desk, conn, desk.clock())
    account = people.accounts.get(by)
    if account is None or not account.human or not account.active:
        return Refusal(FORBIDDEN, "only a person may settle what is unknown"), []
    if is_party(desk, conn, people, by, behind(conn, name)):
        return Refusal(FORBIDDEN, "nobody says what became of their own doing", "ask another administrator"), []
    return _settle(desk, conn, name, done, {"by": by})


def unsettled(conn: Connection, connection: str) -> list[tuple[str, str]]:
    rows = conn.execute(
        select(t.executions.c.id, t.executions.c.transaction).where(
            t.executions.c.status == Status.UNKNOWN.value,
            t.executions.c.connection == connection,
            t.executions.c.transaction != "",
        )
    )
    return [(row.id, row.transaction) for row in rows]


def settle(
    desk: Desk, conn: Connection, execution_id: str, done: bool, evidence: str
) -> tuple[Refusal | Status, list[Event]]:
    """The upstream itself said what an UNKNOWN execution did."""
    request_id = conn.execute(select(t.executions.c.request).where(t.executions.c.id == execution_id)).scalar()
    return _settle(desk, conn, request_id or execution_id, done, {"evidence": evidence})


def _settle(
    desk: Desk, conn: Connection, name: str, done: bool, because: Mapping[str, JSON]
) -> tuple[Refusal | Status, list[Event]]:
    log: list[Event] = []
    status = Status.RECONCILED_DONE if done else Status.RECONCILED_NO_EFFECT
    entry = take(desk, conn, name, log)
    execution_id = name if entry is None else entry.request.execution
    if entry is not None and entry.doubt:
        entry = None  # nobody vouches for the request; what its execution did can be settled all the same
    settled_one = conn.execute(
        update(t.executions)
        .where(t.executions.c.id == execution_id, t.executions.c.status == Status.UNKNOWN.value)
        .values(status=status.value)
    )
    if settled_one.rowcount != 1:
        return Refusal(NOBODY, "nothing unknown has this name", "see lockgate requests list --state UNKNOWN"), log
    if entry is not None:
        now_at = desk.now(entry)
        after = step(entry.request, events.Reconciled(done), now_at)
        if isinstance(after, Refused):
            return Refusal(NOBODY, after.message, after.hint, name, entry.request.status.value), log
        advance(desk, conn, entry, after, events.Reconciled(done), now_at, log, by=str(because.get("by", "")))
    body: dict[str, JSON] = {"execution": execution_id, "status": status.value, **because}
    if entry is not None:
        body["request"] = entry.request.id
    return status, [*log, Event("reconciled", body)]


def begin(
    conn: Connection,
    desk: Desk,
    execution_id: str,
    request_id: str,
    action: Action,
    now_at: int,
    transaction: str = "",
) -> None:
    conn.execute(
        BEGIN,
        {
            "id": execution_id,
            "request": request_id,
            "instance": desk.instance,
            "principal": action.requester.principal.id,
            "connection": action.connection,
            "operation": action.operation,
            "started_at": now_at,
            "finished_at": 0,
            "status": Status.EXECUTING.value,
            "rows": 0,
            "bytes": 0,
            "code": "",
            "transaction": transaction,
        },
    )
