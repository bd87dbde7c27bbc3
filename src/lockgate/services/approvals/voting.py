"""Votes, withdrawals and callers that come and go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select

from lockgate.approvals import Ballot, Request, Status, counted, events, groups_of, satisfiable, step
from lockgate.approvals import Refusal as Refused
from lockgate.approvals.conflict import conflicts_json
from lockgate.approvals.events import Event as Happening
from lockgate.audit.event import Event
from lockgate.services.approvals import elsewhere
from lockgate.services.approvals import people as who
from lockgate.services.approvals.desk import Desk, advance, not_believed, settled, take
from lockgate.services.approvals.entries import Entry, load, texts
from lockgate.services.approvals.nouns import FORBIDDEN, NOBODY, Refusal, RequestView, Voter
from lockgate.services.approvals.past import full, named
from lockgate.services.approvals.requester import requester_of
from lockgate.services.approvals.showing import shown
from lockgate.services.views import is_whole
from lockgate.store.tables import approvals as t

NO_SUCH = Refusal(FORBIDDEN, "there is no such request")
REASON_CHARS = 500


def vote(
    desk: Desk,
    conn: Connection,
    request_id: str,
    voter: Voter,
    *,
    approve: bool,
    reason: str,
    action_digest: str,
    view_digest: str,
) -> tuple[RequestView | Refusal, list[Event]]:
    """One ballot: recorded whatever becomes of it, late ones too; only a valid one counts."""
    log: list[Event] = []
    entry = take(desk, conn, request_id, log)
    if entry is None:
        return NO_SUCH, log
    if entry.doubt:
        return not_believed(entry), log
    now_at = desk.now(entry)
    settled(desk, conn, entry, now_at, log)
    if not approve and not reason.strip():
        return said(entry, "a deny needs a reason", "say why, in a few words"), log
    people = who.look(desk, conn, now_at)
    seen_digest = elsewhere.stored_digest(desk, entry, voter, view_digest)
    judged = judge(
        desk,
        conn,
        people,
        entry,
        voter,
        now_at,
        approve=approve,
        reason=desk.mask(reason[:REASON_CHARS]),
        action_digest=action_digest,
        view_digest=seen_digest,
    )
    ballot, happening, after, refused = judged.ballot, judged.happening, judged.after, judged.refused
    reviewing = entry.request.status is Status.REVIEW_DUE
    saw_it = (action_digest, seen_digest) == (entry.request.action_digest, entry.request.view_digest)
    changes: list[Event] = []
    if refused is None:
        assert isinstance(after, Request)
        advance(desk, conn, entry, after, happening, now_at, changes)
    log.append(
        Event(
            "review" if reviewing else "vote",
            {
                **(named(entry) if refused is None else {}),
                "request": request_id,
                "person": voter.person_id,
                "approve": approve,
                "reason": ballot.reason,
                "step_up": voter.step_up,
                "channel": voter.channel,
                **({"through": voter.through, "shown_digest": view_digest} if voter.through else {}),
                "groups": sorted(ballot.groups),
                "action_digest": entry.request.action_digest,
                "view_digest": entry.request.view_digest,
                "saw_it": saw_it,
                "counted": refused is None,
                "why": "" if refused is None else refused.message,
                "conflicts": conflicts_json(happening.conflicts),
            },
        )
    )
    _telemetry(conn, request_id, voter.person_id, approve, refused is None, now_at)
    if refused is not None:
        return said(entry, refused.message, refused.hint), log
    return shown(desk, entry, now_at), [*log, *changes]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a vote would do: `after` where it counts, `refused` where it does not."""

    ballot: Ballot
    happening: events.Voted | events.Reviewed
    after: Request | Refused
    refused: Refused | None


def judge(
    desk: Desk,
    conn: Connection,
    people: who.People,
    entry: Entry,
    voter: Voter,
    now_at: int,
    *,
    approve: bool,
    reason: str,
    action_digest: str,
    view_digest: str,
) -> Judged:
    """The rules of a vote, applied to a believed entry with its clocks settled; nothing is written."""
    conflicts = current_conflicts(desk, conn, people, entry)
    ballot = who.ballot(
        people, voter, approve=approve, reason=reason, action_digest=action_digest, view_digest=view_digest
    )
    reviewing = entry.request.status is Status.REVIEW_DUE
    happening = events.Reviewed(ballot, conflicts) if reviewing else events.Voted(ballot, conflicts)
    after = step(entry.request, happening, now_at)
    refused = after if isinstance(after, Refused) else _starves(people, entry, after)
    refused = refused or elsewhere.refuse(desk, people, entry, voter)
    if approve and refused is None:
        refused = _not_shown(desk, entry, voter, reviewing=reviewing)
    return Judged(ballot, happening, after, refused)


def current_conflicts(desk: Desk, conn: Connection, people: who.People, entry: Entry) -> dict[str, tuple[str, ...]]:
    """The conflict set evaluated again; what it was at the proposal is kept in the request, the union
    counts.
    """
    request = entry.request
    return who.conflicts_of(
        desk,
        conn,
        people,
        requester_of(entry.envelope),
        entry.connection,
        groups_of(request.quorums),
        request.created_at,
        texts(entry.facts.get("editors")),
    )


def withdraw(desk: Desk, conn: Connection, request_id: str, by: str) -> tuple[RequestView | Refusal, list[Event]]:
    """Whoever asked, acts or is acted for, or owns the agent, takes it back."""
    log: list[Event] = []
    entry = take(desk, conn, request_id, log)
    if entry is None:
        return NO_SUCH, log
    now_at = desk.now(entry)
    settled(desk, conn, entry, now_at, log)
    if by not in texts(entry.facts.get("everyone")):
        return said(entry, "only who asked may withdraw it", ""), log
    after = step(entry.request, events.Withdrawn(), now_at)
    if isinstance(after, Refused):
        return said(entry, after.message, after.hint), log
    advance(desk, conn, entry, after, events.Withdrawn(), now_at, log, by=by)
    return shown(desk, entry, now_at), log


def happened(desk: Desk, conn: Connection, request_id: str, happening: Happening) -> tuple[None, list[Event]]:
    """What the gateway saw: a caller's hold ended, the caller left, what the action rests on changed."""
    log: list[Event] = []
    entry = take(desk, conn, request_id, log)
    if entry is not None:
        now_at = desk.now(entry)
        settled(desk, conn, entry, now_at, log)
        after = step(entry.request, happening, now_at)
        if isinstance(after, Request) and not full(entry):
            if after.gone_at and not entry.request.gone_at:
                died = isinstance(happening, events.CallerLeft) and happening.died
                log.append(Event("caller.gone", {"request": request_id, "at": now_at, "gateway_died": died}))
            advance(desk, conn, entry, after, happening, now_at, log)
    return None, log


def seen(desk: Desk, conn: Connection, request_id: str, person: str) -> tuple[None, list[Event]]:
    """A reviewer opened the view: the start of their time to decide."""
    known = conn.execute(
        select(t.viewings.c.at).where(t.viewings.c.request == request_id, t.viewings.c.person == person)
    ).first()
    if known is None and load(conn, request_id) is not None:
        conn.execute(insert(t.viewings).values(request=request_id, person=person, at=desk.clock()))
    return None, []


def _starves(people: who.People, entry: Entry, after: Request) -> Refused | None:
    """An approval that would leave a later stage without anybody is not taken: the voter is needed there."""
    if after.status is not Status.PENDING or not after.votes or not after.votes[-1].approve:
        return None
    candidates = people.eligible(after.conflicts)
    before = counted(replace(entry.request, conflicts=after.conflicts))
    if satisfiable(after.quorums, before, candidates) and not satisfiable(after.quorums, counted(after), candidates):
        return Refused("starves", "you are needed in a later stage", "let somebody else decide this stage")
    return None


def _not_shown(desk: Desk, entry: Entry, voter: Voter, *, reviewing: bool) -> Refused | None:
    """Nobody approves what they cannot have read: a part of it, or what was made for another channel."""
    if not reviewing and not is_whole(entry.view):
        return Refused("whole", "not all of it was shown, so nobody can approve it", "deny it; it may be asked again")
    if elsewhere.is_elsewhere(entry, voter) and voter.channel not in desk.channels:
        return Refused("channel", "this view was made for another channel", "open the request there, and vote there")
    return None


def said(entry: Entry, message: str, hint: str) -> Refusal:
    return Refusal(NOBODY, message, hint, entry.request.id, entry.request.status.value)


def _telemetry(conn: Connection, request_id: str, person: str, approve: bool, counted: bool, now_at: int) -> None:
    opened = conn.execute(
        select(t.viewings.c.at).where(t.viewings.c.request == request_id, t.viewings.c.person == person)
    ).scalar_one_or_none()
    conn.execute(
        insert(t.ballots).values(
            request=request_id,
            person=person,
            approve=approve,
            counted=counted,
            at=now_at,
            opened_at=opened or 0,
        )
    )
