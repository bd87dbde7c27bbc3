"""Policy and the PHI map: what is in force, and how to change it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lockgate.action import UNCLASSIFIED
from lockgate.errors import ConfigError
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.policy import check
from lockgate.server.api.guard import Admin, Me, Services
from lockgate.services.catalog import Catalog, Proposal, scan

router = APIRouter(tags=["policy"])


class CatalogText(BaseModel):
    yaml: str = Field(max_length=5_000_000)


@router.get("/policy")
async def show_policy(me: Me, found: Services) -> dict[str, Any]:
    current = found.policy.current
    return {"digest": current.digest, "profiles": {name: p.body() for name, p in current.profiles.items()}}


@router.post("/policy/reload")
async def reload_policy(me: Admin, found: Services) -> dict[str, Any]:
    """Read the policy folder again. A broken set is refused, and the old one stays in force.

    Whoever puts another set in force cannot approve what rests on it for a day.
    """
    before, after = await found.reload_policy(by=me.id)
    return {
        "before": before.digest,
        "after": after.digest,
        "changes": after.changes_from(before),
        "findings": [f.body() for f in check(found.policy.folder, datetime.now(UTC).date())],
    }


@router.get("/catalog/{connection}")
async def show_catalog(connection: str, me: Me, found: Services) -> dict[str, str]:
    _known(connection, found)
    current = found.catalog.current(connection)
    return {"yaml": current.to_yaml(), "digest": current.digest}


@router.post("/catalog/{connection}/scan")
async def scan_catalog(connection: str, me: Admin, found: Services) -> list[dict[str, Any]]:
    """Proposals for every column that the gateway's role sees, beside what is in force. Nothing changes."""
    _known(connection, found)
    current = found.catalog.current(connection)
    async with found.connections[connection].resolver.pool.lend(SEARCH_PATH) as side:
        proposals = await scan(side)
    return [
        {
            "table": p.table,
            "column": p.column,
            "type": p.type,
            "proposed": str(p.entry),
            "sure": p.sure,
            "why": p.why,
            "in_force": _in_force(current, p, again=p.table in found.maps.differing.get(connection, ())),
        }
        for p in proposals
    ]


def _in_force(current: Catalog, proposed: Proposal, *, again: bool) -> str:
    if again:
        return f"{UNCLASSIFIED} (made again)"
    schema, _, table = proposed.table.partition(".")
    return str(current.entry(schema, table, proposed.column))


@router.post("/catalog/{connection}")
async def accept_catalog(connection: str, body: CatalogText, me: Admin, found: Services) -> dict[str, str]:
    """Put a reviewed PHI map in force. Whoever loosens it cannot approve what rests on it for a day."""
    _known(connection, found)
    return {"digest": (await found.maps.accept(connection, body.yaml, by=me.id)).digest}


def _known(connection: str, found: Services) -> None:
    if connection not in found.connections:
        raise ConfigError("no such connection", hint=", ".join(sorted(found.connections)) or "none is configured")
