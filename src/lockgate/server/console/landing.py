"""Where links of notices lead, and whoever comes from another site: a page of ours that leads on.

The session's cookie is SameSite=Strict: a browser does not send it along a link in a chat or a mail. From this page,
which shows nothing and needs nobody, the next step is this site's own, and the cookie goes along.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lockgate.server.console.places import INBOX, REQUEST_ID, request_place
from lockgate.server.console.rendering import page

PREFIX = "/requests/"
router = APIRouter()


@router.get("/requests/{request_id}")
async def from_a_notice(request: Request, request_id: str) -> Response:
    return lead_on(request, request_id)


def lead_on(request: Request, request_id: str = "") -> Response:
    place = request_place(request_id) if REQUEST_ID.fullmatch(request_id) else INBOX
    return page(request, "landing.html", title="Open the request", leads_to=place)


def from_elsewhere(request: Request) -> bool:
    """Whether a browser followed a link of another site to here."""
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
