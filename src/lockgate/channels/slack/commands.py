"""`/lockgate`: what waits for me, and `/lockgate link`. Shown to whoever asked, and to nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from lockgate.channels.slack import blocks
from lockgate.channels.slack.calling import Failed
from lockgate.channels.slack.members import member
from lockgate.channels.slack.settings import SlackSettings
from lockgate.channels.slack.votes import NOT_LINKED
from lockgate.identity import Person
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, RequestView
from lockgate.services.views import plain

MOST_LISTED = 10
ANSWER_S = 2.5
"""Slack waits three seconds for the answer to a command."""
HELP = "/lockgate lists what waits for you. /lockgate link links your Slack account to the one you have in Lockgate."


class Commands:
    """Answers to commands, in the answer itself: no address that somebody sends is called."""

    def __init__(
        self, settings: SlackSettings, accounts: Accounts, approvals: Approvals, slack: AsyncWebClient
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._approvals = approvals
        self._slack = slack

    async def answer(self, user: str, words: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ANSWER_S):
                text = await self._answer(user, words.split())
        except TimeoutError:
            text = "Slack does not say who you are just now: try again."
        return {"response_type": "ephemeral", "text": text}

    async def _answer(self, user: str, words: list[str]) -> str:
        if words not in ([], ["list"], ["link"]):
            return HELP
        found = await member(self._slack, self._settings, user)
        if isinstance(found, str):
            return found
        if isinstance(found, Failed):
            return "Slack does not say who you are just now: try again."
        account = self._settings.account(user)
        person = await self._accounts.behind_chat(account)
        if words == ["link"]:
            return await self._link(account, person, str(found.get("real_name") or found.get("name") or user))
        return NOT_LINKED if person is None else await self._list(person)

    async def _link(self, account: str, person: Person | None, called: str) -> str:
        if person is not None:
            return f"Your Slack account is linked to {blocks.escape(person.id)} already."
        code = await self._accounts.chat_code(account, plain(called)[:80])
        return (
            f"Your code is `{code}`, for ten minutes and once. Log in to Lockgate yourself, and there: "
            f"`lockgate slack link {code}`. Give it to nobody: whoever enters it is taken for you."
        )

    async def _list(self, person: Person) -> str:
        mine = [view for view in await self._approvals.list(state="PENDING", limit=500) if waits_for(view, person)]
        if not mine:
            return "Nothing waits for you."
        lines = [
            f"• <{self._settings.console(view.id)}|{view.id}>, {view.risk} risk: {blocks.inline(view.sentence[:200])}"
            for view in mine[:MOST_LISTED]
        ]
        more = f"\nand {len(mine) - MOST_LISTED} more, in the console" if len(mine) > MOST_LISTED else ""
        return "\n".join(lines) + more


def waits_for(view: RequestView, person: Person) -> bool:
    """Whether it is this person's turn: of a group that is asked, in no conflict, and without a vote yet."""
    voted = any(vote.person == person.id for vote in view.votes)
    return bool(set(view.asked) & set(person.groups)) and person.id not in view.conflicts and not voted
