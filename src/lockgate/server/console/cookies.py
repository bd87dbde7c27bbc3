"""The session's cookie: out of reach of scripts, sent by no other site, and bound to this host where there is TLS.

`__Host-` (RFC 6265bis, section 4.1.3.2) lets a browser take it from this very host over TLS alone, so that nobody
beside it can plant one. Over plain HTTP, which Lockgate serves on loopback only, there is no such name.
"""

from __future__ import annotations

import ipaddress
from typing import cast

from fastapi import Request, Response

from lockgate.server.assemble import Assembly

SESSION = "lockgate-session"
VISIT = "lockgate-visit"
"""Before a login: what its form is bound to. It opens nothing."""


def is_secure(request: Request) -> bool:
    """Whether the browser came over TLS, to this process or to a proxy before it.

    A proxy says so, or is known by its name: `public_url` is https, and the browser did not ask a loopback address.
    Whoever lies about it locks nobody out but themselves.
    """
    if request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https":
        return True
    assembly = cast(Assembly, request.app.state.assembly)
    public = assembly.approvals.desk.base_url.startswith("https://")
    return public and not _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_secure(request) else name


def put(request: Request, response: Response, value: str, name: str = SESSION) -> None:
    response.set_cookie(
        _named(request, name), value, path="/", secure=is_secure(request), httponly=True, samesite="strict"
    )


def forget(request: Request, response: Response, name: str = SESSION) -> None:
    response.delete_cookie(_named(request, name), path="/", secure=is_secure(request), httponly=True, samesite="strict")


def token_of(request: Request, name: str = SESSION) -> str:
    return request.cookies.get(_named(request, name), "")
