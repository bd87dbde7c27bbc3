"""Statements that are put before people without being sent: who would send them, and what the gateway makes of them."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from fastapi import Request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from lockgate.action import Requester
from lockgate.errors import ConfigError, Refused
from lockgate.gateways.postgres.session.deciding import draft
from lockgate.identity import Person
from lockgate.pipeline import Refusal as PathRefusal
from lockgate.pipeline import Wishes
from lockgate.server.api.guard import Forbidden
from lockgate.server.assemble import Assembly
from lockgate.services.approvals import Opened, Proposal, Refusal

LONGEST = 100_000


def _an_address(text: str) -> str:
    """As the gateway will see it. ValueError: it is none, and a reviewer would read it as part of a sentence."""
    if not text:
        return ""
    if "%" in text:
        raise ValueError("no zone")
    return str(ipaddress.ip_address(text))


Address = Annotated[str, StringConstraints(max_length=64), AfterValidator(_an_address)]


class Asker(BaseModel):
    """Whose session will send it, and what that session will have set."""

    connection: str = Field(max_length=128, examples=["clinic"])
    account: str = Field(default="", max_length=256, description="an agent you own; yourself if empty")
    on_behalf: bool = Field(default=False, description="the agent acts for you, as with a token minted so")
    key: str = Field(default="", max_length=64, description="id of the agent's key; empty: a token that you mint")
    address: Address = Field(default="", description="where it will connect from; empty: where this call comes from")
    reveal: list[str] = Field(default=[], description="PHI classes, as in lockgate.reveal", examples=[["name"]])
    purpose: str = Field(default="", pattern=r"^([a-z][a-z_-]{0,39})?$", description="as in lockgate.purpose")
    reason: str = Field(default="", max_length=500, examples=["monthly report"])
    max_rows: int = Field(default=0, ge=0, lt=1 << 53, description="as in lockgate.max_rows; 0 is no cap")
    max_bytes: int = Field(default=0, ge=0, lt=1 << 53)

    def wishes(self) -> Wishes:
        return Wishes(
            frozenset(self.reveal), self.purpose, self.reason, False, most_rows=self.max_rows, most_bytes=self.max_bytes
        )


async def requester_for(asker: Asker, me: Person, found: Assembly, request: Request) -> Requester:
    """Who will send it; Forbidden for anybody but yourself and agents of yours."""
    address = asker.address or (request.client.host if request.client else "")
    requester = await found.accounts.proposer(
        asker.account or me.id, address, by=me.id, key=asker.key, on_behalf=asker.on_behalf
    )
    if requester is None:
        raise Forbidden(
            "this is not you, an agent of yours, or a living key of it", hint="lockgate agent list says who owns what"
        )
    return requester


async def proposal(
    found: Assembly,
    connection: str,
    requester: Requester,
    statement: str,
    wishes: Wishes,
    *,
    by: str,
    glass: bool = False,
) -> Proposal:
    """What would be put before people; ConfigError for an unknown connection, Refused with the gateway's reason."""
    if connection not in found.connections:
        raise ConfigError("no such connection", hint=", ".join(sorted(found.connections)))
    upstream = found.connections[connection]
    drafted = await draft(found.gateway, upstream, requester, statement, wishes, by=by, glass=glass)
    if isinstance(drafted, PathRefusal):
        raise Refused(drafted.message, hint=drafted.hint)
    return drafted


def opened(result: Opened | Refusal) -> dict[str, Any]:
    """The request that was opened; Refused with the service's reason."""
    if isinstance(result, Refusal):
        raise Refused(result.message, hint=result.hint)
    return {
        "request": result.request_id,
        "state": str(result.state),
        "link": result.link,
        "decide_by_at": result.decide_by_at,
        "existing": result.existing,
    }
