"""Opening a request, or joining the one that the identical action already has."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, insert, select

from lockgate.action import JSON, Effect, action_digest, attempt_key, commit, envelope
from lockgate.approvals import OPEN, Conflicts, Quorum, Request, Status, events, step, union
from lockgate.approvals import Refusal as Refused
from lockgate.approvals.model import SECOND
from lockgate.audit.event import Event
from lockgate.services.approvals import past, standing, switch
from lockgate.services.approvals import people as who
from lockgate.services.approvals.before import again, recent_deny, same
from lockgate.services.approvals.decisions import decision_event, refused_event
from lockgate.services.approvals.desk import Desk, advance, believe, not_believed, settled
from lockgate.services.approvals.entries import Entry, add, load_where, new_id
from lockgate.services.approvals.nouns import FAILED, NOBODY, Opened, Proposal, Refusal
from lockgate.services.approvals.viewing import TOO_LONG, TOO_LONG_HINT, view_of
from lockgate.store.tables import approvals as t


@dataclass(frozen=True, slots=True)
class Prepared:
    """A proposal with everything that needs no transaction: key, salt, commitment."""

    proposal: Proposal
    key: str
    salt: bytes
    commitment: str
    request_id: str
    quorums: tuple[Quorum, ...]


def prepare(desk: Desk, proposal: Proposal, request_id: str = "") -> Prepared:
    """Commit to the payload."""
    action = proposal.action
    salt = secrets.token_bytes(32)
    return Prepared(
        proposal=proposal,
        key=attempt_key(action, desk.attempt_secret),
        salt=salt,
        commitment=commit(action.payload, salt),
        request_id=request_id or new_id("req"),
        quorums=tuple(Quorum.from_body(name, body) for name, body in proposal.profiles.items()),
    )


def seal_context(tenant: str, request_id: str, action_digest: str) -> bytes:
    """What a sealed payload is bound to: it opens for this request and this action, and nowhere else."""
    return f"lockgate/payload/v2\0{tenant}\0{request_id}\0{action_digest}".encode()


def open_or_join(
    desk: Desk, conn: Connection, prepared: Prepared, *, batch: str = ""
) -> tuple[Opened | Refusal, list[Event]]:
    """The unit behind `propose`."""
    now_at = desk.clock()
    log: list[Event] = []
    stopped = switch.refuse_if_on(conn)
    if stopped:
        return stopped, log
    proposal, key = prepared.proposal, prepared.key
    answered = _answered(desk, conn, same(desk, conn, key, now_at, log), proposal.waiting, now_at, log)
    if answered is not None:
        return answered, log
    too_many = refuse_too_many(desk, conn, proposal, now_at, log)
    if too_many is not None:
        return too_many, log
    asked = again(desk, conn, key, prepared.quorums, now_at, log)
    prepared = replace(prepared, quorums=asked.quorums)
    return create(desk, conn, prepared, now_at, log, batch=batch, editors=asked.editors), log


def join(desk: Desk, conn: Connection, key: str, waiting: bool) -> tuple[Opened | Refusal | None, list[Event]]:
    """The open request of the identical action, or the deny that stands; None where it has to be asked."""
    now_at = desk.clock()
    log: list[Event] = []
    if switch.refuse_if_on(conn):
        return None, log
    return _answered(desk, conn, same(desk, conn, key, now_at, log), waiting, now_at, log), log


def _answered(
    desk: Desk, conn: Connection, same: Iterable[Entry], waiting: bool, now_at: int, log: list[Event]
) -> Opened | Refusal | None:
    for entry in same:
        if entry.request.status in OPEN:
            return _join(desk, conn, entry, waiting, now_at, log)
        denied = recent_deny(desk, entry, now_at)
        if denied is not None:
            return denied
    return None


def refuse_too_many(desk: Desk, conn: Connection, proposal: Proposal, now_at: int, log: list[Event]) -> Refusal | None:
    """A principal has only so many requests waiting."""
    if _pending(desk, conn, proposal.action.requester.principal.id, now_at, log) < desk.rules.cap_pending:
        return None
    return Refusal(
        NOBODY,
        f"{desk.rules.cap_pending} requests of yours are waiting already",
        "withdraw one, or wait until some are decided",
    )


def create(
    desk: Desk,
    conn: Connection,
    prepared: Prepared,
    now_at: int,
    log: list[Event],
    *,
    editors: Iterable[str] = (),
    extra: Mapping[str, JSON] | None = None,
    kind: str = "action",
    batch: str = "",
    standing_s: int = 0,
    permit_until_at: int = 0,
    inherited: Conflicts | None = None,
) -> Opened | Refusal:
    """A new request, its conflict set evaluated; refused when nobody eligible could satisfy it."""
    proposal, quorums = prepared.proposal, prepared.quorums
    action = proposal.action
    if proposal.decision.effect is not Effect.REQUIRE or set(proposal.decision.profiles) != set(proposal.profiles):
        return Refusal(FAILED, "the profiles that policy asks for are not at hand", "try again")
    people = who.look(desk, conn, now_at)
    editors = sorted(set(editors))
    conflicts = union(inherited or {}, who.conflicts_of_action(desk, conn, people, action, quorums, now_at, editors))
    impossible = who.nobody_left(people, quorums, conflicts) if quorums else "no profile says who decides"
    if impossible:
        log.append(refused_event(action, proposal, impossible, conflicts))
        return Refusal(NOBODY, f"nobody may approve this: {impossible}", "ask an administrator for another reviewer")
    decide_by_at = now_at + min(q.decision_ttl_s for q in quorums) * SECOND
    sealed_envelope = envelope(
        action,
        commitment=prepared.commitment,
        profiles=proposal.profiles,
        policy_digest=proposal.policy_digest,
        catalog_digest=proposal.catalog_digest,
        occurrence=prepared.request_id,
        created_at=now_at,
        not_after_at=decide_by_at,
    )
    view = view_of(desk, conn, proposal, quorums, decide_by_at)
    if not view.whole:
        log.append(refused_event(action, proposal, TOO_LONG, conflicts))
        return Refusal(NOBODY, TOO_LONG, TOO_LONG_HINT)
    request = Request(
        id=prepared.request_id,
        status=Status.PROPOSED,
        action_digest=action_digest(sealed_envelope),
        view_digest=view.digest,
        quorums=quorums,
        conflicts=conflicts,
        created_at=now_at,
        decide_by_at=decide_by_at,
        last_at=now_at,
        standing_s=standing_s,
        permit_until_at=permit_until_at,
    )
    happening = events.Submitted(proposal.waiting, _held_here(desk, proposal.waiting))
    submitted = step(request, happening, now_at)
    if isinstance(submitted, Refused):
        return Refusal(NOBODY, submitted.message, submitted.hint)
    entry = Entry(
        request=submitted,
        version=1,
        kind=kind,
        tenant=action.tenant,
        principal=action.requester.principal.id,
        connection=action.connection,
        operation=action.operation,
        risk=view.risk,
        attempt_key=prepared.key,
        commitment=prepared.commitment,
        envelope=sealed_envelope,
        view=view.to_json(),
        facts={
            "everyone": sorted(action.requester.everyone),
            "revealed": sorted(proposal.decision.revealed),
            "masked": sorted(proposal.decision.masked),
            "editors": editors,
            **({"repeat": standing.terms_of(proposal)} if kind == "action" and proposal.statement else {}),
            **(extra or {}),
        },
        batch=batch,
    )
    add(conn, entry)
    past.begin(conn, desk.keys, entry, request, happening, now_at, log_size=desk.log_size)
    _keep_payload(desk, conn, prepared, entry, now_at)
    log.append(decision_event(entry, proposal, conflicts))
    if kind == "action":
        grant = standing.covering(desk, conn, proposal, entry, people, now_at, log)
        if grant is not None:
            lent = events.Covered(grant.votes, proposal.waiting, _held_here(desk, proposal.waiting))
            covered = step(entry.request, lent, now_at)
            if isinstance(covered, Request):
                entry.facts["standing"] = grant.id
                advance(desk, conn, entry, covered, lent, now_at, log, standing=grant.id)
    if entry.request.status is Status.PENDING:
        desk.notify(desk, conn, entry)
    return _opened(desk, entry, existing=False)


def _join(desk: Desk, conn: Connection, entry: Entry, waiting: bool, now_at: int, log: list[Event]) -> Opened | Refusal:
    if not believe(desk, conn, entry, log):
        return not_believed(entry)
    if past.full(entry) or (not waiting and not entry.request.gone_at):
        return _opened(desk, entry, existing=True)  # nothing to write down: nobody came to wait
    happening = events.Joined(waiting, _held_here(desk, waiting))
    joined = step(entry.request, happening, now_at)
    if isinstance(joined, Refused):
        return Refusal(FAILED, joined.message, joined.hint, entry.request.id, entry.request.status.value)
    advance(desk, conn, entry, joined, happening, now_at, log)
    return _opened(desk, entry, existing=True)


def _held_here(desk: Desk, waiting: bool) -> str:
    return desk.instance if waiting else ""


def _opened(desk: Desk, entry: Entry, *, existing: bool) -> Opened:
    request = entry.request
    return Opened(request.id, request.status, desk.link(request.id), request.decide_by_at, existing)


def _pending(desk: Desk, conn: Connection, principal: str, now_at: int, log: list[Event]) -> int:
    mine = t.requests.c.principal == principal
    pending = t.requests.c.status == Status.PENDING.value
    count = conn.execute(select(func.count()).select_from(t.requests).where(mine, pending)).scalar_one()
    if count < desk.rules.cap_pending:
        return int(count)
    entries = [settled(desk, conn, entry, now_at, log) for entry in load_where(conn, mine, pending)]
    return sum(1 for entry in entries if entry.request.status is Status.PENDING)


def _keep_payload(desk: Desk, conn: Connection, prepared: Prepared, entry: Entry, now_at: int) -> None:
    context = seal_context(entry.tenant, entry.request.id, entry.request.action_digest)
    conn.execute(insert(t.commitment_salts).values(commitment=prepared.commitment, salt=prepared.salt))
    conn.execute(
        insert(t.payloads).values(
            request=prepared.request_id,
            sealed=desk.keys.seal(prepared.proposal.action.payload, context),
            expires_at=now_at + desk.rules.payload_kept_s * SECOND,
        )
    )
