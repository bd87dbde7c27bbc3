"""Buttons and forms: Slack is answered at once, the rest is done afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from lockgate.channels.slack import blocks
from lockgate.channels.slack.calling import Failed, ask
from lockgate.channels.slack.incoming import dig
from lockgate.channels.slack.members import member
from lockgate.channels.slack.sending import button_of, request_of
from lockgate.channels.slack.settings import SlackSettings
from lockgate.channels.slack.votes import NO_MESSAGE, NOT_LINKED, Cast, Counter, Word
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, RequestView, Status
from lockgate.store import Store

LONGEST_REASON = 3_000
"""As Slack sends it; it takes 3,000 characters in any field. What is kept is shorter."""


class Clicks:
    """What comes of a click: a form to say why in, or a kind word to whoever clicked."""

    def __init__(
        self,
        settings: SlackSettings,
        store: Store,
        accounts: Accounts,
        approvals: Approvals,
        slack: AsyncWebClient,
        counter: Counter,
    ) -> None:
        self._settings = settings
        self._store = store
        self._accounts = accounts
        self._approvals = approvals
        self._slack = slack
        self._counter = counter

    async def open_form(self, click: Mapping[str, Any]) -> None:
        """For whoever may decide here; Slack's trigger is good for three seconds."""
        user, place = str(dig(click, "user", "id")), str(dig(click, "container", "channel_id") or "")
        said = await self._open(click, user)
        if said is not None:
            await self._counter.tell(place, user, said)

    async def _open(self, click: Mapping[str, Any], user: str) -> Word | None:
        action = pressed(click)
        button, approve = str(action.get("value", "")), action.get("action_id") == blocks.APPROVE
        person = await self._accounts.behind_chat(self._settings.account(user))
        if person is None:
            return Word(NOT_LINKED)
        found = await member(self._slack, self._settings, user)
        if isinstance(found, str):
            return Word(found)
        if isinstance(found, Failed):
            return Word("Slack does not say who you are just now: try again, or decide in the console.")
        request_id = await self._store.read(lambda conn: request_of(conn, button))
        view = await self._approvals.get(request_id, viewer=person.id) if request_id else None
        if not isinstance(view, RequestView) or button_of(self._store.keys, view) != button:
            return Word(NO_MESSAGE)
        if view.state is not Status.PENDING:
            await self._catch_up(click, view, button)
            return Word(f"There is nothing to decide any more: the request {stands(view)}.", view.id)
        if view.console_only:
            return Word(f"Here it cannot be decided: {view.console_only}.", view.id)
        form = blocks.form(button, approve=approve, about=view.sentence)
        answer = await ask(self._slack.views_open, trigger_id=str(click.get("trigger_id", "")), view=form)
        if isinstance(answer, Failed):
            return Word("The form did not open: try again, or decide in the console.", view.id)
        return None

    async def _catch_up(self, click: Mapping[str, Any], view: RequestView, button: str) -> None:
        """The message that was clicked says where the request stands, whichever copy of it that is."""
        place, name = dig(click, "container", "channel_id"), dig(click, "container", "message_ts")
        if isinstance(place, str) and isinstance(name, str):
            text, shown = blocks.message(view, button, self._settings.console(view.id))
            await ask(self._slack.chat_update, channel=place, ts=name, text=text, blocks=shown, parse="none")


def pressed(click: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one button of ours that was pressed; empty for any other."""
    actions = click.get("actions")
    first = actions[0] if isinstance(actions, list) and len(actions) == 1 else None
    if not isinstance(first, Mapping) or first.get("action_id") not in (blocks.APPROVE, blocks.DENY):
        return {}
    return first


def cast_of(sent: Mapping[str, Any]) -> Cast | None:
    """The vote that a form is; None for a form of somebody else's."""
    kind, button = dig(sent, "view", "callback_id"), dig(sent, "view", "private_metadata")
    user = dig(sent, "user", "id")
    if kind not in (blocks.APPROVE, blocks.DENY) or not isinstance(button, str) or not isinstance(user, str):
        return None
    reason = dig(sent, "view", "state", "values", "reason", "reason", "value")
    said = reason[:LONGEST_REASON] if isinstance(reason, str) else ""
    return Cast(button[:40], user[:40], kind == blocks.APPROVE, said, "")


def stands(view: RequestView) -> str:
    return blocks.STANDS.get(view.state, f"is {view.state.value.lower()}")
