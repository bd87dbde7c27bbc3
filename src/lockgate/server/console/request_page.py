"""One request: the stored view with risk and reason first, where it stands, and what this person may do about it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lockgate.errors import Refused
from lockgate.server.api.guard import Services, as_voter
from lockgate.server.assemble import Assembly
from lockgate.server.console import words
from lockgate.server.console.guard import Me, Visitor, for_script
from lockgate.server.console.places import EVENT_ID, REQUEST_ID
from lockgate.server.console.rendering import page
from lockgate.server.console.timeline import MOST, timeline
from lockgate.services.approvals import Refusal, RequestView

router = APIRouter()


@router.get("/requests/{request_id}")
async def show(request: Request, request_id: str, me: Me, found: Services) -> Response:
    """Reading it starts this person's time to decide."""
    return await shown(request, me, found, request_id)


@router.get("/receipts/{event_id}")
async def receipt(event_id: str, me: Me, found: Services) -> Response:
    """The proof that an event is in the log, as a file that checks offline."""
    if not EVENT_ID.fullmatch(event_id):
        raise Refused("there is no such event")
    proof = await found.log.wait_signed(event_id)
    named = {"content-disposition": f'attachment; filename="{event_id}.tlog-proof"'}
    return Response(proof, media_type="text/plain; charset=utf-8", headers=named)


async def shown(
    request: Request,
    me: Visitor,
    found: Assembly,
    request_id: str,
    *,
    status: int = 200,
    said: words.Words | None = None,
    reason: str = "",
) -> Response:
    """The page, with what was said to a vote that was refused and the reason that was written for it."""
    view = await look(found, me, request_id, viewed=not for_script(request))
    choices = await found.approvals.choices(view.id, as_voter(me.person))
    events = await found.log.events(request=view.id, limit=MOST)
    return page(
        request,
        "request.html",
        status=status,
        title=view.sentence or "A request that cannot be read",
        me=me.person,
        csrf=me.csrf,
        r=view,
        body=view.view,
        ask=choices,
        why_not=None if choices.approve is None else words.about(choices.approve),
        reasons=words.APPROVING,
        timeline=timeline(events),
        said=said,
        reason=reason,
        stopped=(await found.approvals.stopped()).on,
    )


async def look(found: Assembly, me: Visitor, request_id: str, *, viewed: bool) -> RequestView:
    """Refused: there is no such request."""
    view: RequestView | Refusal | None = None
    if REQUEST_ID.fullmatch(request_id):
        view = await found.approvals.get(request_id, viewer=me.person.id if viewed else "")
    if view is None or isinstance(view, Refusal):
        raise Refused("there is no such request", hint="go back to the inbox")
    return view
