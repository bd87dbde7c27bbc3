"""Which Slack users count: members of our own workspace, no guests, no bots. Asked of Slack each time."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from lockgate.channels.slack.calling import Failed, ask
from lockgate.channels.slack.settings import SlackSettings

NO = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_workflow_bot", "is_invited_user")
SAID = ("is_restricted", "is_ultra_restricted", "is_bot")
"""Slack says these of every member; of whom it does not, nothing is known."""


async def member(slack: AsyncWebClient, settings: SlackSettings, user: str) -> dict[str, Any] | str | Failed:
    """The user where they count; why they do not; or that Slack did not say."""
    answer = await ask(slack.users_info, user=user)
    if isinstance(answer, Failed):
        return "Slack does not know you." if answer.error == "user_not_found" else answer
    found = answer.get("user")
    if not isinstance(found, dict) or found.get("id") != user:
        return Failed("no user")
    if found.get("team_id") != settings.team or found.get("is_stranger"):
        return "You belong to another workspace: nothing is decided from there."
    if any(found.get(flag) for flag in NO) or any(found.get(flag) is not False for flag in SAID):
        return "Guests, bots and closed accounts decide nothing here."
    return found
