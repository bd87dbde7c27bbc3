"""Approve, deny and withdraw: forms that bind to exactly what the page showed, cast as the API casts a vote."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lockgate.server.api.guard import Services, as_voter
from lockgate.server.assemble import Assembly
from lockgate.server.console import words
from lockgate.server.console.guard import Form, Me, Visitor
from lockgate.server.console.places import redirect, request_place
from lockgate.server.console.request_page import look, shown
from lockgate.services.approvals import Refusal, RequestView

router = APIRouter()


@router.post("/requests/{request_id}/approve")
async def approve(request: Request, request_id: str, me: Me, form: Form, found: Services) -> Response:
    return await _vote(request, request_id, me, form, found, approve=True)


@router.post("/requests/{request_id}/deny")
async def deny(request: Request, request_id: str, me: Me, form: Form, found: Services) -> Response:
    return await _vote(request, request_id, me, form, found, approve=False)


@router.post("/requests/{request_id}/withdraw")
async def withdraw(request: Request, request_id: str, me: Me, form: Form, found: Services) -> Response:
    await look(found, me, request_id, viewed=False)
    result = await found.approvals.withdraw(request_id, me.person.id)
    return await _answered(request, request_id, me, found, result, "")


async def _vote(
    request: Request, request_id: str, me: Visitor, form: dict[str, str], found: Assembly, *, approve: bool
) -> Response:
    await look(found, me, request_id, viewed=False)
    written = form.get("words", "").strip()
    reason = "; ".join(part for part in (form.get("reason", ""), written) if part)
    result = await found.approvals.vote(
        request_id,
        voter=as_voter(me.person),
        approve=approve,
        reason=reason,
        action_digest=form.get("action_digest", ""),
        view_digest=form.get("view_digest", ""),
    )
    return await _answered(request, request_id, me, found, result, written)


async def _answered(
    request: Request, request_id: str, me: Visitor, found: Assembly, result: RequestView | Refusal, written: str
) -> Response:
    """The page again: fetched anew where it counted, so that reloading sends nothing twice."""
    if not isinstance(result, Refusal):
        return redirect(request_place(request_id))
    return await shown(request, me, found, request_id, status=409, said=words.about(result), reason=written)
