"""The console's own script and style sheet: two files, served as what they are."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Response

from lockgate.server.console.rendering import HERE

router = APIRouter()
TYPES: Mapping[str, str] = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
}
CONTENT: Mapping[str, bytes] = {name: (HERE / "static" / name).read_bytes() for name in TYPES}


@router.get("/static/{name}")
async def static(name: str) -> Response:
    if name not in TYPES:
        return Response(status_code=404)
    return Response(CONTENT[name], media_type=TYPES[name])
