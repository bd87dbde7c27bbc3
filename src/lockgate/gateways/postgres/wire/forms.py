"""The form of the server's messages that are passed on unread: what is not of it could hold anything."""

from __future__ import annotations

import re

from lockgate.errors import ProtocolError

WITHOUT_BODY = frozenset(b"123nsIc")
_TAG = re.compile(rb"[A-Z][A-Z ]*(?: [0-9]+)*\0")
_SETTING = re.compile(rb"[A-Za-z_][A-Za-z0-9_.]*")


def check_form(kind: int, body: bytes) -> None:
    """ProtocolError where a message that is passed on unread is not of its form: it could hold anything."""
    if kind in WITHOUT_BODY:
        well = not body
    elif kind == ord("C"):
        well = _TAG.fullmatch(body) is not None
    elif kind == ord("Z"):
        well = body in (b"I", b"T", b"E")
    elif kind in b"GH":
        well = len(body) >= 3 and len(body) == 3 + 2 * int.from_bytes(body[1:3], "big")
    elif kind == ord("S"):
        parts = body.split(b"\0")
        well = len(parts) == 3 and not parts[2] and _SETTING.fullmatch(parts[0]) is not None
    elif kind == ord("t"):
        well = len(body) >= 2 and len(body) == 2 + 4 * int.from_bytes(body[:2], "big")
    else:
        well = True
    if not well:
        raise ProtocolError("the upstream sent a malformed message")
