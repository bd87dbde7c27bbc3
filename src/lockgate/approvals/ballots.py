"""What a ballot does to a request: may this person vote, does it count, is the quorum full, and a review the same.

Pure like the rest of the machine; `machine.step` calls `voted` and `reviewed` once it knows that the request is open.
"""

from __future__ import annotations

from dataclasses import replace

from lockgate.approvals import events as ev
from lockgate.approvals.model import (
    GRANT_S,
    GRANT_WAITING_S,
    PERMIT_S,
    REVIEWERS,
    SECOND,
    STANDING_S,
    Ballot,
    Conflicts,
    Refusal,
    Request,
    Vote,
)
from lockgate.approvals.quorum import counted, groups_of, satisfied, turn, vetoed
from lockgate.approvals.states import Status

S = Status


def voted(request: Request, event: ev.Voted, now_at: int) -> Request | Refusal:
    """The request with one more vote, decided where that fills or ends it; a deny takes an approval back."""
    if request.status not in (S.PENDING, S.APPROVED):
        return wrong(request)
    ballot = event.ballot
    request = replace(request, conflicts=union(request.conflicts, event.conflicts))
    refused = _may_vote(request, ballot) or _saw_it(request, ballot)
    if refused:
        return refused
    if not ballot.groups & groups_of(request.quorums):
        return Refusal("group", "you are in none of the groups that decide this")
    vote = _vote(ballot, now_at)
    if request.status is S.APPROVED:
        if ballot.approve:
            return Refusal("late", "it is approved already")
        return replace(request.moved(S.REVOKED, now_at, "a reviewer took it back"), votes=(*request.votes, vote))
    mine = [v for v in request.votes if v.ids & ballot.ids]
    if any(ballot.approve or not v.approve for v in mine):
        return Refusal("twice", "you have voted on this already")
    others = tuple(v for v in request.votes if not v.ids & ballot.ids)
    request = replace(request, votes=(*others, vote), last_at=now_at)
    return _counted_deny(request, now_at) if not ballot.approve else _counted_approval(request, ballot, now_at)


def _counted_deny(request: Request, now_at: int) -> Request:
    if any(vetoed(quorum, request.votes) for quorum in request.quorums):
        return request.moved(S.DENIED, now_at, "denied by a reviewer")
    return request


def _counted_approval(request: Request, ballot: Ballot, now_at: int) -> Request | Refusal:
    votes = counted(request)
    now = turn(request.quorums, votes[:-1])
    if now is None or now[1] not in ballot.groups:
        return Refusal("turn", f"it is not your turn: somebody of {now[1] if now else 'nobody'} decides first")
    needed = now[0].step_up
    if needed and needed != ballot.step_up:
        return Refusal("step_up", f"this needs {needed}", f"confirm with your {needed} and vote again")
    return approved(request, now_at) if satisfied(request.quorums, votes) else request


def approved(request: Request, now_at: int) -> Request:
    """APPROVED, with the clock of its grant running."""
    longest_s = GRANT_WAITING_S if request.callers else GRANT_S
    ttl_s = min(longest_s, *(q.grant_ttl_s for q in request.quorums))
    if request.standing_s:
        ttl_s = min(request.standing_s, STANDING_S)
    if request.permit_until_at:
        until_at = min(request.permit_until_at, request.created_at + PERMIT_S * SECOND)
        return replace(request.moved(S.APPROVED, now_at), use_by_at=max(until_at, now_at))
    return replace(request.moved(S.APPROVED, now_at), use_by_at=now_at + ttl_s * SECOND)


def reviewed(request: Request, event: ev.Reviewed, now_at: int) -> Request | Refusal:
    """The glass with one more review, closed by the second of two people."""
    if request.status is not S.REVIEW_DUE:
        return wrong(request)
    ballot = event.ballot
    request = replace(request, conflicts=union(request.conflicts, event.conflicts))
    refused = _may_vote(request, ballot) or _saw_it(request, ballot)
    if refused:
        return refused
    if not ballot.groups & groups_of(request.quorums):
        return Refusal("group", "you are in none of the groups that review this")
    if any(v.ids & ballot.ids for v in request.reviews):
        return Refusal("twice", "you have reviewed this already")
    request = replace(request, reviews=(*request.reviews, _vote(ballot, now_at)), last_at=now_at)
    if len(request.reviews) < REVIEWERS:
        return request
    justified = all(v.approve for v in request.reviews)
    return request.moved(S.REVIEWED if justified else S.VIOLATION, now_at)


def union(first: Conflicts, second: Conflicts) -> dict[str, tuple[str, ...]]:
    """Both evaluations together: who was ever in the set stays in it."""
    return {
        person: tuple(sorted({*first.get(person, ()), *second.get(person, ())})) for person in sorted({*first, *second})
    }


def _may_vote(request: Request, ballot: Ballot) -> Refusal | None:
    if ballot.barred:
        return Refusal("barred", ballot.barred)
    if ballot.token_has_act:
        return Refusal("act", "a token that acts for somebody never votes")
    if not ballot.interactive:
        return Refusal("interactive", "votes need an interactive login", "log in yourself and vote there")
    reasons = {
        reason
        for person in (ballot.ids | {ballot.person, ballot.human})
        for reason in request.conflicts.get(person, ())
    }
    if reasons:
        return Refusal("conflict", f"you may not approve this, because {'; '.join(sorted(reasons))}")
    return None


def _saw_it(request: Request, ballot: Ballot) -> Refusal | None:
    if (ballot.action_digest, ballot.view_digest) != (request.action_digest, request.view_digest):
        return Refusal("digest", "what you saw is not what is asked", "open the request again and vote on that")
    return None


def _vote(ballot: Ballot, now_at: int) -> Vote:
    return Vote(
        ballot.person,
        ballot.human,
        ballot.ids,
        ballot.groups,
        ballot.approve,
        now_at,
        ballot.step_up,
        ballot.reason,
    )


def wrong(request: Request) -> Refusal:
    """The refusal of what this state does not allow."""
    return Refusal("state", f"not possible while the request is {request.status.lower()}")
