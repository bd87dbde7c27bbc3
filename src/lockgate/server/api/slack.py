"""Slack: what it delivers, signed, and the link of an account of its to a person who is logged in here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from lockgate.channels.slack import Slack
from lockgate.errors import Refused
from lockgate.server.api.guard import Me, Services

router = APIRouter(prefix="/slack", tags=["slack"])


class Code(BaseModel):
    code: str = Field(max_length=40, examples=["ABCD-EFGH-JKLM"])


@router.post("/deliveries/interactions")
async def interactions(request: Request, found: Services) -> dict[str, Any]:
    """Buttons and forms. Signed by Slack; what it asks for is done after it was answered."""
    slack = _there(found.slack)
    return await slack.click(request.headers, await request.body())


@router.post("/deliveries/commands")
async def commands(request: Request, found: Services) -> dict[str, Any]:
    """`/lockgate`. Signed by Slack; the answer is shown to whoever asked alone."""
    slack = _there(found.slack)
    return await slack.command(request.headers, await request.body())


@router.post("/links/look")
async def look(body: Code, me: Me, found: Services) -> dict[str, str]:
    """Whose account a code would link to yours. Nothing is linked yet: see first that it is you."""
    _there(found.slack)
    account, called = await found.accounts.chat_code_of(body.code)
    return {"account": account, "called": called, "person": me.id}


@router.post("/links", status_code=201)
async def link(body: Code, me: Me, found: Services) -> dict[str, str]:
    """Link the account that the code was shown to with yours: from now on it decides as you, up to medium risk."""
    _there(found.slack)
    return {"account": await found.accounts.link_chat(body.code, by=me.id), "person": me.id}


def _there(slack: Slack | None) -> Slack:
    if slack is None:
        raise Refused("Slack is not configured", hint="docs/how-to/review-in-slack.md")
    return slack
