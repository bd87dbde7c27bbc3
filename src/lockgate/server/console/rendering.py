"""Pages from templates: everything that is written into one is escaped, and what is missing is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lockgate.server.console import words
from lockgate.server.console.places import request_place

HERE = Path(__file__).parent


def _iso(at: int) -> str:
    """Of microseconds since 1970, as `<time datetime>` wants it."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        iso=_iso,
        instant=_instant,
        left=words.left,
        name=words.name,
        they=words.they,
        state=words.state,
        place=request_place,
    )
    return made


ENVIRONMENT = _environment()


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page. `me` and `csrf` are of whoever is logged in, None where nobody is; `now_at` is the server's clock."""
    store = request.app.state.assembly.store
    common = {"me": None, "csrf": "", "box": "", "stopped": False, "now_at": store.clock()}
    return HTMLResponse(ENVIRONMENT.get_template(template).render({**common, **values}), status)
