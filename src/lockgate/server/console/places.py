"""Addresses of the console: built from ids that were checked, so that nothing anybody wrote becomes a link."""

from __future__ import annotations

import re

from fastapi.responses import RedirectResponse

PREFIX = "/console"
INBOX = f"{PREFIX}/"
REQUEST_ID = re.compile(r"(?:req|glass)_[0-9a-f]{20,24}")
EVENT_ID = re.compile(r"evt_[0-9a-f]{20,24}")


def request_place(request_id: str) -> str:
    return f"{PREFIX}/requests/{request_id}"


def login_place(request_id: str = "") -> str:
    """The login, which leads on to this request."""
    return f"{PREFIX}/login" + (f"?request={request_id}" if request_id else "")


def after_login(request_id: str) -> str:
    return request_place(request_id) if REQUEST_ID.fullmatch(request_id) else INBOX


def request_in(path: str) -> str:
    """The request that a path is about, if it is about one."""
    found = REQUEST_ID.search(path)
    return found.group() if found else ""


def redirect(place: str) -> RedirectResponse:
    """To a page of the console, to be fetched with GET."""
    return RedirectResponse(place, 303)
