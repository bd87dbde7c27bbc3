"""Approval requests: list, read, decide. What is shown is the stored view, exactly; a vote names both digests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lockgate.errors import Refused
from lockgate.identity import Person
from lockgate.pipeline import Wishes
from lockgate.server.api import drafts
from lockgate.server.api.guard import Admin, Limit, Me, Services, as_voter
from lockgate.server.assemble import Assembly
from lockgate.services.approvals import Refusal, RequestView

router = APIRouter(prefix="/requests", tags=["requests"])


class Vote(BaseModel):
    approve: bool
    reason: str = Field(default="", max_length=500, examples=["monthly report, agreed with data protection"])
    action_digest: str = Field(description="of the request as it was read")
    view_digest: str = Field(description="of the view as it was shown")


class Escalate(BaseModel):
    group: str = Field(description="who is asked besides those who are asked already", examples=["data-owner"])
    count: int = Field(default=1, ge=1, le=10)


class Edit(BaseModel):
    statement: str = Field(
        min_length=1, max_length=drafts.LONGEST, examples=["UPDATE task SET done = true WHERE id = 1"]
    )
    reveal: list[str] | None = Field(default=None, description="PHI classes; as in the request if left out")
    max_rows: int | None = Field(default=None, ge=0, lt=1 << 53, description="as in the request if left out")
    max_bytes: int | None = Field(default=None, ge=0, lt=1 << 53)
    reason: str = Field(default="", max_length=500, examples=["only the rows of this month"])


class Reconcile(BaseModel):
    done: bool = Field(description="whether the effect is there")


def shown(view: RequestView) -> dict[str, Any]:
    """A request as JSON: the stored view and where it stands."""
    body = asdict(view)
    body["state"] = str(view.state)
    return body


async def end(view: RequestView, me: Person, reason: str, found: Assembly) -> RequestView | Refusal:
    """Revoke what lasts: whoever asked takes it back, whoever may decide on it denies it."""
    if me.id in view.revocable_by:
        return await found.approvals.withdraw(view.id, me.id)
    return await found.approvals.vote(
        view.id,
        voter=as_voter(me),
        approve=False,
        reason=reason,
        action_digest=view.action_digest,
        view_digest=view.view_digest,
    )


def answer(result: RequestView | Refusal | Any) -> dict[str, Any]:
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return shown(result)


@router.get("")
async def list_requests(me: Me, found: Services, state: str = "", limit: Limit = 100) -> list[dict[str, Any]]:
    """Newest first; `state=PENDING` for what waits."""
    return [shown(view) for view in await found.approvals.list(state=state.upper(), limit=min(limit, 500))]


@router.get("/{request_id}")
async def get_request(request_id: str, me: Me, found: Services) -> dict[str, Any]:
    """The stored view. Reading it starts your time to decide."""
    return answer(await found.approvals.get(request_id, viewer=me.id))


@router.post("/{request_id}/vote")
async def vote(request_id: str, body: Vote, me: Me, found: Services) -> dict[str, Any]:
    """Approve or deny exactly this action, as exactly this view showed it."""
    return answer(
        await found.approvals.vote(
            request_id,
            voter=as_voter(me),
            approve=body.approve,
            reason=body.reason,
            action_digest=body.action_digest,
            view_digest=body.view_digest,
        )
    )


@router.post("/{request_id}/edit", status_code=201)
async def edit(request_id: str, body: Edit, me: Me, found: Services) -> dict[str, Any]:
    """Put an edited statement in its place, classified and decided anew. You cannot approve what you edited.

    The requester runs it by sending exactly the edited statement as a simple query, once it is approved.
    """
    editor = as_voter(me)
    parent = await found.approvals.editable(request_id, editor)
    if isinstance(parent, Refusal):
        raise Refused(parent.message, hint="lockgate requests list")
    if not await found.accounts.still_valid(parent.requester):
        raise Refused("who asked may no longer act", hint="deny the request")
    wishes = Wishes(
        parent.reveal if body.reveal is None else frozenset(body.reveal),
        parent.purpose,
        body.reason,
        False,
        most_rows=parent.row_cap if body.max_rows is None else body.max_rows,
        most_bytes=parent.byte_cap if body.max_bytes is None else body.max_bytes,
    )
    proposal = await drafts.proposal(found, parent.connection, parent.requester, body.statement, wishes, by=me.id)
    return drafts.opened(await found.approvals.edit(request_id, editor=editor, proposal=proposal))


@router.post("/{request_id}/escalate")
async def escalate(request_id: str, body: Escalate, me: Me, found: Services) -> dict[str, Any]:
    """Ask more people. It adds a stage and never takes one away; a reviewer or an admin may."""
    voter = as_voter(me)
    return answer(await found.approvals.escalate(request_id, by=voter, group=body.group, count=body.count))


@router.post("/{request_id}/withdraw")
async def withdraw(request_id: str, me: Me, found: Services) -> dict[str, Any]:
    """Whoever asked, or owns the agent that asked, takes it back."""
    return answer(await found.approvals.withdraw(request_id, me.id))


@router.post("/{request_id}/reconcile")
async def reconcile(request_id: str, body: Reconcile, me: Admin, found: Services) -> dict[str, str]:
    """Settle what a crash left unknown. It is never retried by itself."""
    result = await found.approvals.reconcile(request_id, body.done, me.id)
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {"state": str(result)}
