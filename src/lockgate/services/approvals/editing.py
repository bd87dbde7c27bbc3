"""Edits into child requests, escalation, and batches: one view, one decision an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from lockgate.action import JSON, digest, requester_json
from lockgate.approvals import OPEN, Quorum, Request, Stage, counted, events, groups_of, satisfiable, step, union
from lockgate.approvals import Refusal as Refused
from lockgate.audit.event import Event
from lockgate.services.approvals import people as who
from lockgate.services.approvals import switch
from lockgate.services.approvals.before import ESCALATION, again, refuse_denied
from lockgate.services.approvals.desk import Desk, advance, not_believed, settled, take
from lockgate.services.approvals.entries import Entry, load_where, texts
from lockgate.services.approvals.nouns import FORBIDDEN, NOBODY, Opened, Refusal, RequestView, Voter
from lockgate.services.approvals.opening import Prepared, create
from lockgate.services.approvals.past import named
from lockgate.services.approvals.showing import shown
from lockgate.services.approvals.voting import NO_SUCH, current_conflicts, vote
from lockgate.store.tables import approvals as t


@dataclass(frozen=True, slots=True)
class BatchView:
    """Several requests on one screen; `digest` binds a vote to all that was shown."""

    id: str
    lines: tuple[str, ...]
    items: tuple[RequestView, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class ItemVote:
    """One item's decision within a batch."""

    request_id: str
    approve: bool
    reason: str


def edit(
    desk: Desk, conn: Connection, parent_id: str, editor: Voter, prepared: Prepared
) -> tuple[Opened | Refusal, list[Event]]:
    """A child takes the parent's place: decided and masked anew, its editor barred from approving it."""
    log: list[Event] = []
    parent = take(desk, conn, parent_id, log)
    if parent is None:
        return NO_SUCH, log
    if parent.doubt:
        return not_believed(parent), log
    stopped = switch.refuse_if_on(conn)
    if stopped:
        return stopped, log
    now_at = desk.now(parent)
    settled(desk, conn, parent, now_at, log)
    people = who.look(desk, conn, now_at)
    refused = refuse_editor(people, parent, editor)
    if refused is not None:
        return refused, log
    if requester_json(prepared.proposal.action.requester) != parent.envelope["requester"]:
        return Refusal(FORBIDDEN, "an edit keeps the requester", "", parent_id), log
    if not prepared.quorums:
        return Refusal(FORBIDDEN, "the edited action needs nobody: the requester may run it", "", parent_id), log
    if load_where(conn, t.requests.c.attempt_key == prepared.key, t.requests.c.status.in_(OPEN), limit=1):
        return Refusal(FORBIDDEN, "exactly this is being asked already", "", parent_id), log
    denied = refuse_denied(desk, conn, prepared.key, now_at, log)
    if denied is not None:
        return denied, log
    # More people were asked for, or were found to be in conflict: an edit does not shake that off.
    escalated = tuple(q for q in parent.request.quorums if q.name.startswith(ESCALATION))
    asked = again(desk, conn, prepared.key, (*prepared.quorums, *escalated), now_at, log)
    prepared = replace(prepared, quorums=asked.quorums)
    happening = events.Superseded(prepared.request_id)
    superseded = step(parent.request, happening, now_at)
    if isinstance(superseded, Refused):
        return Refusal(NOBODY, superseded.message, superseded.hint, parent_id, parent.request.status.value), log
    opened = create(
        desk,
        conn,
        prepared,
        now_at,
        log,
        editors=[*texts(parent.facts.get("editors")), *asked.editors, editor.person_id],
        extra={"parent": parent_id, "tell": texts(parent.facts.get("everyone"))},
        inherited=parent.request.conflicts,
    )
    if isinstance(opened, Refusal):
        return opened, log
    parent.facts["child"] = opened.request_id
    advance(desk, conn, parent, superseded, happening, now_at, log, child=opened.request_id, by=editor.person_id)
    return opened, log


def refuse_editor(people: who.People, entry: Entry, editor: Voter) -> Refusal | None:
    """Why this person may not edit this request: neither asked it nor decides it, or it is void or nothing to run."""
    request_id = entry.request.id
    if entry.doubt:
        return not_believed(entry)
    if entry.kind != "action":
        return Refusal(FORBIDDEN, "only a request to run something is edited", "propose another", request_id)
    account = people.accounts.get(editor.person_id)
    asked_it = editor.person_id in texts(entry.facts.get("everyone"))
    decides_it = bool(people.groups(editor.person_id) & groups_of(entry.request.quorums))
    human = account is not None and account.human and account.active
    if editor.interactive and not editor.token_has_act and human and (asked_it or decides_it):
        return None
    return Refusal(FORBIDDEN, "only who asked or who decides may edit a request", "", request_id)


def escalate(
    desk: Desk, conn: Connection, request_id: str, by: Voter, group: str, count: int
) -> tuple[RequestView | Refusal, list[Event]]:
    """Ask more people on top of those already asked; nothing that was asked is dropped."""
    log: list[Event] = []
    entry = take(desk, conn, request_id, log)
    if entry is None:
        return NO_SUCH, log
    if entry.doubt:
        return not_believed(entry), log
    now_at = desk.now(entry)
    settled(desk, conn, entry, now_at, log)
    people = who.look(desk, conn, now_at)
    if not by.interactive or by.token_has_act or not people.groups(by.person_id) & groups_of(entry.request.quorums):
        return Refusal(FORBIDDEN, "only who decides may ask more people", "", request_id), log
    added = Quorum(ESCALATION + group, (Stage(max(1, count), group),))
    conflicts = current_conflicts(desk, conn, people, entry)
    known = union(entry.request.conflicts, conflicts)
    votes = counted(replace(entry.request, conflicts=known))
    if not satisfiable((*entry.request.quorums, added), votes, people.eligible(known)):
        return Refusal(NOBODY, f"{group} has not enough people besides those who are asked", "", request_id), log
    happening = events.Escalated(added)
    after = step(entry.request, happening, now_at)
    if isinstance(after, Refused):
        return Refusal(NOBODY, after.message, after.hint, request_id, entry.request.status.value), log
    assert isinstance(after, Request)
    advance(desk, conn, entry, after, happening, now_at, log)
    body: dict[str, JSON] = {"request": request_id, "by": by.person_id, "quorum": added.body(), **named(entry)}
    log.append(Event("request.escalated", body))
    return shown(desk, entry, now_at), log


def batch_view(desk: Desk, conn: Connection, batch: str) -> BatchView | None:
    """Everything in the batch, in the order it was asked; None when there is no such batch."""
    entries = sorted(
        load_where(conn, t.requests.c.batch == batch, limit=1000),
        key=lambda e: (e.request.created_at, e.request.id),
    )
    if not batch or not entries:
        return None
    now_at = desk.clock()
    items = tuple(shown(desk, entry, now_at) for entry in entries)
    lines: list[str] = []
    for number, item in enumerate(items, 1):
        lines += [f"{number} of {len(items)}: {item.id}", *(f"  {line}" for line in item.lines)]
    named: list[JSON] = [[i.id, i.action_digest, i.view_digest] for i in items]
    return BatchView(batch, tuple(lines), items, digest("batch", named))


def vote_batch(
    desk: Desk, conn: Connection, batch: str, voter: Voter, decisions: tuple[ItemVote, ...], view_digest: str
) -> tuple[Mapping[str, RequestView | Refusal] | Refusal, list[Event]]:
    """One ballot an item, all in one transaction; an item that is not named is not decided."""
    view = batch_view(desk, conn, batch)
    if view is None:
        return NO_SUCH, []
    if view.digest != view_digest:
        return Refusal(NOBODY, "what you saw is not what is asked", "open the batch again and vote on that"), []
    items = {item.id: item for item in view.items}
    if any(d.request_id not in items for d in decisions) or len({d.request_id for d in decisions}) < len(decisions):
        return Refusal(NOBODY, "a decision names a request that is not in the batch, or one twice"), []
    log: list[Event] = []
    results: dict[str, RequestView | Refusal] = {}
    for one in decisions:
        item = items[one.request_id]
        result, written = vote(
            desk,
            conn,
            item.id,
            voter,
            approve=one.approve,
            reason=one.reason,
            action_digest=item.action_digest,
            view_digest=item.view_digest,
        )
        results[item.id] = result
        log += [replace(e, body={**e.body, "batch": batch}) if e.type == "vote" else e for e in written]
    return results, log
