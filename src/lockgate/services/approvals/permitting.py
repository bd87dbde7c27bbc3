"""Permits that people approve: what recurs is policy, not a person at 02:00.

A permit is a request of its own kind, drafted from one that people approved before. While it is APPROVED its text is
part of the policy set. The text is kept beside the request, under the MAC of its history, and is believed only with it:
a permit that is edited or put into the store is void. Its date, a deny by a reviewer, a withdrawal, the kill switch and
a restore end it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from lockgate.action import JSON, digest
from lockgate.approvals import Status, union
from lockgate.approvals.history import Doubt
from lockgate.audit.event import Event
from lockgate.services.approvals import logged, past, switch
from lockgate.services.approvals import people as who
from lockgate.services.approvals.before import refuse_denied
from lockgate.services.approvals.desk import POLICY, Desk, disbelieve, look, not_believed, settled, take
from lockgate.services.approvals.editing import refuse_editor
from lockgate.services.approvals.entries import load
from lockgate.services.approvals.nouns import FORBIDDEN, Opened, Permit, Refusal, Repeatable, Voter
from lockgate.services.approvals.opening import Prepared, create, refuse_too_many
from lockgate.services.approvals.requester import requester_of
from lockgate.services.approvals.voting import NO_SUCH
from lockgate.store.tables import approvals as t

AGREED = frozenset(
    {
        Status.APPROVED,
        Status.EXECUTING,
        Status.SUCCEEDED,
        Status.FAILED,
        Status.UNKNOWN,
        Status.RECONCILED_DONE,
        Status.RECONCILED_NO_EFFECT,
        Status.LAPSED,
    }
)
"""Where people have approved it once, and nobody has taken that back."""


def repeatable(
    desk: Desk, conn: Connection, request_id: str, drafter: Voter, known: Mapping[str, logged.Known]
) -> Repeatable | Refusal:
    """What this request did; refused to whoever neither asked it nor decides, and unless people have approved it."""
    entry = look(desk, conn, request_id)
    if entry is None:
        return NO_SUCH
    people = who.look(desk, conn, desk.clock())
    refused = refuse_editor(people, entry, drafter)
    if refused is not None:
        return Refusal(refused.code, "only who asked or who decides may draft a permit", refused.hint, request_id)
    # A request that has ended is believed too, or its row could be edited into whatever is to be permitted.
    found = past.read(conn, desk.keys, entry)
    if isinstance(found, Doubt):
        return not_believed(entry)
    entry.past = found
    if logged.missing(known, entry):
        return not_believed(entry)
    if entry.request.status not in AGREED:
        return Refusal(
            FORBIDDEN,
            f"the request is {entry.request.status.lower()}: only what people have approved once may recur",
            "lockgate requests list --state succeeded",
            request_id,
        )
    terms = entry.facts.get("repeat")
    if not terms:
        return Refusal(
            FORBIDDEN,
            "no other statement can be told to be the same as this one",
            "send it outside of EXECUTE and cursors, in a session without temporary tables, and have that approved",
            request_id,
        )
    return Repeatable(
        of=request_id,
        requester=requester_of(entry.envelope),
        tenant=entry.tenant,
        terms=terms,
        profiles=entry.envelope["profiles"],
        statement=str(entry.view["body"]["statement"]),
    )


def propose(
    desk: Desk,
    conn: Connection,
    prepared: Prepared,
    permit: dict[str, JSON],
    drafter: Voter,
    until_at: int,
) -> tuple[Opened | Refusal, list[Event]]:
    """Put a drafted permit before people. Its drafter may not decide on it, nor may anybody who could not on the
    request that it repeats."""
    log: list[Event] = []
    stopped = switch.refuse_if_on(conn)
    if stopped:
        return stopped, log
    now_at = desk.clock()
    of = load(conn, str(permit["of"]))
    if of is None:
        return NO_SUCH, log
    waiting = conn.execute(
        select(t.requests.c.id).where(
            t.requests.c.attempt_key == prepared.key,
            t.requests.c.kind == POLICY,
            t.requests.c.status == Status.PENDING.value,
        )
    ).scalar()
    if waiting is not None:
        return Refusal(FORBIDDEN, f"a permit for exactly this waits already: {waiting}", "", str(waiting)), log
    refused = refuse_denied(desk, conn, prepared.key, now_at, log, POLICY) or refuse_too_many(
        desk, conn, prepared.proposal, now_at, log
    )
    if refused is not None:
        return refused, log
    opened = create(
        desk,
        conn,
        prepared,
        now_at,
        log,
        editors=[drafter.person_id],
        extra={"permit": permit},
        kind=POLICY,
        permit_until_at=until_at,
        inherited=union(of.request.conflicts, {}),
    )
    return opened, log


def ids(conn: Connection) -> list[str]:
    """The permits that the store says are in force, not yet believed; oldest first."""
    query = (
        select(t.requests.c.id)
        .where(t.requests.c.kind == POLICY, t.requests.c.status == Status.APPROVED.value)
        .order_by(t.requests.c.created_at, t.requests.c.id)
    )
    return [str(one) for one in conn.execute(query).scalars()]


def in_force(desk: Desk, conn: Connection, known: Mapping[str, logged.Known]) -> tuple[tuple[Permit, ...], list[Event]]:
    """Those of `known` that are in force and that their history and the log vouch for; the others are void."""
    log: list[Event] = []
    found = []
    for request_id in known:
        entry = take(desk, conn, request_id, log)
        if entry is None or entry.doubt or entry.kind != POLICY:
            continue
        settled(desk, conn, entry, desk.now(entry), log)
        if entry.request.status is not Status.APPROVED:
            continue
        permit = entry.facts["permit"]
        why = logged.missing(known, entry)
        if not why and digest("permit", permit["text"]) != entry.envelope["tool"]:
            why = "its text is not what was approved"
        if why:
            disbelieve(desk, conn, entry, why, log)
            continue
        found.append(Permit(request_id, str(permit["file"]), str(permit["text"])))
    return tuple(found), log
