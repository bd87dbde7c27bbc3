"""The FastAPI application: routers, errors, headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lockgate import __version__
from lockgate.errors import AuthenticationError, ConfigError, LockgateError, Refused, StoreError
from lockgate.server import console
from lockgate.server.api import (
    audit,
    batches,
    keeping,
    notices,
    people,
    permits,
    policy,
    provider_login,
    receipts,
    requests,
    sessions,
    slack,
    standing,
    trying,
    vault,
)
from lockgate.server.api.bounds import Bounds
from lockgate.server.api.guard import Forbidden, LoginLimit, TooMany
from lockgate.server.assemble import Assembly
from lockgate.server.oidc.fetching import ProviderError
from lockgate.services.logins import TooManyLogins

log = structlog.get_logger("lockgate.api")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
STATUS: tuple[tuple[type[LockgateError], int], ...] = (
    (AuthenticationError, 401),
    (Forbidden, 403),
    (TooMany, 429),
    (TooManyLogins, 429),
    (ProviderError, 503),
    (Refused, 409),
    (StoreError, 503),
    (ConfigError, 400),
)


def create_app(assembly: Assembly) -> FastAPI:
    """The API over these services."""
    app = FastAPI(
        title="Lockgate",
        version=__version__,
        description="Requests, people, policy, the PHI map and the log. Log in first: `POST /api/v1/login`.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.assembly = assembly
    app.state.login_limit = LoginLimit()
    for module in (
        sessions,
        provider_login,
        requests,
        batches,
        standing,
        notices,
        people,
        policy,
        permits,
        trying,
        audit,
        keeping,
        vault,
        slack,
    ):
        app.include_router(module.router, prefix="/api/v1", dependencies=[Depends(receipts.noting)])
    console.mount(app)

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        written: list[str] = []
        request.state.written = written
        try:
            response = await call_next(request)
        except Exception as error:
            # Never the message, nor the path as it was written: they could quote a value.
            route = getattr(request.scope.get("route"), "path", "")
            log.error("a request failed", kind=type(error).__name__, path=route)
            response = answer(request, 500, LockgateError("Lockgate failed"))
        response.headers.update({**HEADERS, **console.headers_for(request), **receipts.header(written)})
        return response

    app.add_middleware(Bounds, too_long=_too_long())

    @app.exception_handler(LockgateError)
    async def refused(request: Request, error: LockgateError) -> Response:
        return answer(request, next((code for kind, code in STATUS if isinstance(error, kind)), 400), error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        where = ", ".join(".".join(str(part) for part in e["loc"][1:]) for e in error.errors())
        return problem(422, "LG020", f"these fields are missing or wrong: {where}", "look at /api/openapi.json")

    @app.exception_handler(HTTPException)
    async def no_such(request: Request, error: HTTPException) -> Response:
        if console.is_console(request):
            return answer(request, error.status_code, Refused("there is no such page", hint="go back to the inbox"))
        return await http_exception_handler(request, error)

    return app


def answer(request: Request, status: int, error: LockgateError) -> Response:
    """The error as whoever asked reads it: a page for the console, JSON for programs."""
    if console.is_console(request):
        return console.answer_error(request, status, error)
    return problem(status, error.code, error.message, error.hint)


def _too_long() -> JSONResponse:
    response = problem(413, "LG020", "the request is too long", "log in first; send fewer statements at once")
    response.headers.update({**HEADERS, "connection": "close"})
    return response


def problem(status: int, code: str, title: str, hint: str) -> JSONResponse:
    """RFC 9457."""
    body = {"type": f"urn:lockgate:{code}", "title": title, "status": status, "code": code}
    if hint:
        body["detail"] = hint
    return JSONResponse(body, status, media_type="application/problem+json")
