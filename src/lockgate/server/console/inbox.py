"""The inbox: what waits for me, what I wait for, and all of it, a page at a time."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from lockgate.server.api.guard import Services
from lockgate.server.console.guard import Me
from lockgate.server.console.places import INBOX, PREFIX, redirect
from lockgate.server.console.rendering import page
from lockgate.services.approvals import Box, Cursor

router = APIRouter()
LIMIT = 25
CURSOR = re.compile(r"(\d{1,18})-((?:req|glass)_[0-9a-f]{20,24})")
TITLES = {Box.DECIDE: "To decide", Box.WAITING: "Mine, waiting", Box.ALL: "All requests"}


@router.get("")
async def home(me: Me) -> Response:
    return redirect(INBOX)


@router.get("/")
async def to_decide(request: Request, me: Me, found: Services, after: str = "") -> Response:
    return await _box(request, me, found, Box.DECIDE, after)


@router.get("/waiting")
async def mine_waiting(request: Request, me: Me, found: Services, after: str = "") -> Response:
    return await _box(request, me, found, Box.WAITING, after)


@router.get("/all")
async def everything(request: Request, me: Me, found: Services, after: str = "") -> Response:
    return await _box(request, me, found, Box.ALL, after)


async def _box(request: Request, me: Me, found: Services, box: Box, after: str) -> Response:
    inbox = await found.approvals.inbox(me.person.id, box, after=_cursor(after), limit=LIMIT)
    next_page = "" if inbox.next is None else "{}-{}".format(*inbox.next)
    return page(
        request,
        "inbox.html",
        title=TITLES[box],
        me=me.person,
        csrf=me.csrf,
        box=box.value,
        inbox=inbox,
        here=f"{PREFIX}/" if box is Box.DECIDE else f"{PREFIX}/{box.value}",
        next_page=next_page,
        later=bool(after),
        stopped=(await found.approvals.stopped()).on,
    )


def _cursor(text: str) -> Cursor | None:
    """From the address; one that cannot be read is the beginning."""
    found = CURSOR.fullmatch(text)
    return None if found is None else (int(found[1]), found[2])
