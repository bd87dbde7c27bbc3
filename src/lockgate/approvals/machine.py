"""The state machine: `step(request, event, now_at) -> Request | Refusal`, pure and whole.

A refusal leaves the request as it was. A step that finds what the approval rested on gone returns the request
INVALIDATED: that is a state, not a refusal. `settle` applies the clocks; `step` never acts on a request whose
time has run out, whether or not anybody has written that down yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lockgate.approvals import events as ev
from lockgate.approvals.ballots import approved, reviewed, union, voted, wrong
from lockgate.approvals.model import GLASS_S, GONE_S, REVIEW_S, SECOND, Conflicts, Quorum, Refusal, Request
from lockgate.approvals.quorum import full, satisfied, still_counting, vetoed
from lockgate.approvals.states import MOVES, Status, terminal

S = Status


def settle(request: Request, now_at: int) -> Request:
    """The request after the clocks: EXPIRED, CANCELLED (its callers gone for ten minutes), LAPSED, overdue.

    `now` never runs backwards past the last event: a clock set back gives nobody more time.
    """
    now_at = max(now_at, request.last_at)
    if request.status is S.PENDING:
        gone_by_at = request.gone_at + GONE_S * SECOND if request.gone_at else None
        if gone_by_at is not None and gone_by_at <= min(now_at, request.decide_by_at):
            return request.moved(S.CANCELLED, now_at, "nobody waits for it any more")
        if now_at >= request.decide_by_at:
            return request.moved(S.EXPIRED, now_at, "nobody decided in time")
    if request.status is S.APPROVED and now_at >= request.use_by_at:
        return request.moved(S.LAPSED, now_at, "approved, not used in time")
    if request.status is S.REVIEW_DUE and now_at >= request.review_by_at and not request.overdue:
        return replace(request, overdue=True, last_at=now_at, why="not reviewed within 24 hours")
    return request


def step(request: Request, event: ev.Event, now_at: int) -> Request | Refusal:
    """What the request becomes, or why it may not."""
    now_at = max(now_at, request.last_at)
    settled = settle(request, now_at)
    if isinstance(event, ev.Ticked):
        return settled
    if settled.status is not request.status:
        return Refusal("late", f"too late: the request is {settled.status.lower()}")
    if terminal(settled.status):
        return Refusal("late", f"the request is {settled.status.lower()} and stays so")
    handler = _HANDLERS[type(event)]
    result = handler(settled, event, now_at)
    if isinstance(result, Request) and result.status is not request.status:
        assert result.status in MOVES[request.status], (request.status, result.status)
    return result


def satisfied_names(
    request: Request,
    groups_now: Mapping[str, frozenset[str]],
    conflicts: Conflicts,
    current: tuple[Quorum, ...],
    links_now: Mapping[str, frozenset[str]],
) -> frozenset[str]:
    """The profiles that are satisfied as of now, each both as frozen at the proposal and as it is today."""
    votes = still_counting(request.votes, groups_now, {**request.conflicts, **conflicts}, links_now)
    today = {quorum.name: quorum for quorum in current}
    line = tuple(today.get(quorum.name, quorum) for quorum in request.quorums)
    denied = {quorum.name for quorum in line if vetoed(quorum, request.votes)}
    return (full(request.quorums, votes) & full(line, votes) & today.keys()) - denied


def _submitted(request: Request, event: ev.Submitted, now_at: int) -> Request | Refusal:
    if request.status is not S.PROPOSED or request.glass:
        return wrong(request)
    if not request.quorums:
        return Refusal("nobody", "no profile says who decides")
    return _came(request.moved(S.PENDING, now_at), event)


def _covered(request: Request, event: ev.Covered, now_at: int) -> Request | Refusal:
    if request.status is not S.PENDING or request.votes:
        return wrong(request)
    if any(not v.approve or (v.ids | {v.person, v.human}) & request.conflicts.keys() for v in event.votes):
        return Refusal("conflict", "the standing grant was approved by somebody who may not approve this")
    covered = _came(replace(request, votes=event.votes), event)
    if not satisfied(request.quorums, event.votes):
        return Refusal("quorum", "the standing grant does not satisfy what this needs")
    return approved(covered, now_at)


def _used(request: Request, event: ev.Used, now_at: int) -> Request | Refusal:
    if request.status is not S.APPROVED or not request.standing_s:
        return wrong(request)
    return replace(request, uses=request.uses + 1, last_at=now_at)


def _joined(request: Request, event: ev.Joined, now_at: int) -> Request | Refusal:
    if request.status not in (S.PENDING, S.APPROVED):
        return wrong(request)
    return replace(_came(request, event), gone_at=0, last_at=now_at)


def _hold_ended(request: Request, event: ev.HoldEnded, now_at: int) -> Request | Refusal:
    if request.status is not S.PENDING:
        return wrong(request)
    return replace(_went(request, event.instance), last_at=now_at)


def _caller_left(request: Request, event: ev.CallerLeft, now_at: int) -> Request | Refusal:
    if request.status is not S.PENDING:
        return wrong(request)
    if event.died:
        others = tuple(name for name in request.waiting if name != event.instance)
        died = len(request.waiting) - len(others)
        after = replace(request, callers=max(0, request.callers - died), waiting=others)
    else:
        after = _went(request, event.instance)
    if after == request and event.instance:
        return request
    gone_at = now_at if after.callers == 0 and not request.gone_at else request.gone_at
    return replace(after, gone_at=gone_at, last_at=now_at)


def _came(request: Request, event: ev.Submitted | ev.Covered | ev.Joined) -> Request:
    if not event.waiting:
        return request
    named = (event.instance,) if event.instance else ()
    return replace(request, callers=request.callers + 1, waiting=(*request.waiting, *named))


def _went(request: Request, instance: str) -> Request:
    """One caller fewer. Of a process that counted as dead, and lives, the callers have been taken off before."""
    named = list(request.waiting)
    if instance in named:
        named.remove(instance)
    elif instance and request.callers <= len(named):
        return request
    return replace(request, callers=max(0, request.callers - 1), waiting=tuple(named))


def _withdrawn(request: Request, event: ev.Withdrawn, now_at: int) -> Request | Refusal:
    if request.status is S.PENDING:
        return request.moved(S.CANCELLED, now_at, "withdrawn by who asked")
    if request.status is S.APPROVED:
        return request.moved(S.REVOKED, now_at, "withdrawn by who asked")
    return wrong(request)


def _superseded(request: Request, event: ev.Superseded, now_at: int) -> Request | Refusal:
    if request.status is not S.PENDING:
        return wrong(request)
    return request.moved(S.SUPERSEDED, now_at, f"edited: {event.child} takes its place")


def _escalated(request: Request, event: ev.Escalated, now_at: int) -> Request | Refusal:
    if request.status is not S.PENDING:
        return wrong(request)
    if any(q.name == event.quorum.name for q in request.quorums):
        return Refusal("twice", "the request asks for this already")
    return replace(request, quorums=(*request.quorums, event.quorum), last_at=now_at)


def _invalidated(request: Request, event: ev.Invalidated, now_at: int) -> Request | Refusal:
    if request.status not in (S.PENDING, S.APPROVED):
        return wrong(request)
    return request.moved(S.INVALIDATED, now_at, event.why)


def _stopped(request: Request, event: ev.Stopped, now_at: int) -> Request | Refusal:
    if request.status is not S.APPROVED:
        return wrong(request)
    return request.moved(S.REVOKED, now_at, "the kill switch is on")


def _consumed(request: Request, event: ev.Consumed, now_at: int) -> Request | Refusal:
    if request.status is not S.APPROVED or request.standing_s or request.permit_until_at or request.glass:
        return wrong(request)
    if event.stopped:
        return Refusal("stopped", "the kill switch is on: nothing is executed")
    conflicts = union(request.conflicts, event.conflicts)
    request = replace(request, conflicts=conflicts)
    if not event.same_action:
        return request.moved(S.INVALIDATED, now_at, "what would be sent is not what was approved")
    if not event.requester_valid:
        return request.moved(S.INVALIDATED, now_at, "who asked may no longer act")
    names = satisfied_names(request, event.groups_now, conflicts, event.current, event.links_now)
    if names != {q.name for q in request.quorums}:
        return request.moved(S.INVALIDATED, now_at, "an approval no longer counts")
    if not event.policy_holds:
        return request.moved(S.INVALIDATED, now_at, "policy has become stricter since")
    return replace(request.moved(S.EXECUTING, now_at), execution=event.execution)


def _finished(request: Request, event: ev.Finished, now_at: int) -> Request | Refusal:
    if request.status is not S.EXECUTING or event.execution != request.execution:
        return wrong(request)
    if event.outcome not in (S.SUCCEEDED, S.FAILED, S.UNKNOWN):
        return Refusal("outcome", "an execution succeeds, fails or is unknown")
    if request.glass and event.outcome is not S.UNKNOWN:
        return replace(request.moved(S.REVIEW_DUE, now_at), outcome=event.outcome.value)
    return request.moved(event.outcome, now_at)


def _reconciled(request: Request, event: ev.Reconciled, now_at: int) -> Request | Refusal:
    if request.status is not S.UNKNOWN:
        return wrong(request)
    status = S.RECONCILED_DONE if event.done else S.RECONCILED_NO_EFFECT
    if request.glass:
        return replace(request.moved(S.REVIEW_DUE, now_at), outcome=status.value)
    return request.moved(status, now_at)


def _glass_broken(request: Request, event: ev.GlassBroken, now_at: int) -> Request | Refusal:
    if request.status is not S.PROPOSED or not request.glass:
        return wrong(request)
    if event.stopped:
        return Refusal("stopped", "the kill switch is on: nothing is executed")
    if not event.human:
        return Refusal("glass", "only a human may break the glass")
    if not event.in_role:
        return Refusal("glass", "you are not in the role that may break the glass")
    if not event.step_up:
        return Refusal("step_up", "breaking the glass needs a fresh proof of who you are")
    if not event.reason.strip():
        return Refusal("glass", "breaking the glass needs a reason")
    if not now_at < event.until_at <= now_at + GLASS_S * SECOND:
        return Refusal("glass", "the glass stays broken for at most one hour")
    return replace(
        request.moved(S.EXECUTING, now_at),
        execution=event.execution,
        glass_until_at=event.until_at,
        review_by_at=now_at + REVIEW_S * SECOND,
    )


_HANDLERS: Mapping[type, Callable[[Request, Any, int], Request | Refusal]] = {
    ev.Submitted: _submitted,
    ev.Covered: _covered,
    ev.Used: _used,
    ev.Joined: _joined,
    ev.HoldEnded: _hold_ended,
    ev.CallerLeft: _caller_left,
    ev.Voted: voted,
    ev.Withdrawn: _withdrawn,
    ev.Superseded: _superseded,
    ev.Escalated: _escalated,
    ev.Invalidated: _invalidated,
    ev.Stopped: _stopped,
    ev.Consumed: _consumed,
    ev.Finished: _finished,
    ev.Reconciled: _reconciled,
    ev.GlassBroken: _glass_broken,
    ev.Reviewed: reviewed,
}
