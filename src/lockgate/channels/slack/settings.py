"""What an installation says of its workspace."""

from __future__ import annotations

from dataclasses import dataclass, field

API = "https://slack.com/api/"
CHANNEL = "slack"
"""In the outbox, in votes, and before the account of a Slack user."""
VOTES = "slack.vote"
"""In the outbox: votes that were taken from Slack and are not counted yet."""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One workspace, one room. `repr` shows neither secret."""

    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    team: str
    room: str
    """The id of the channel that is told (C…)."""
    console_url: str
    """Where requests are looked at in full: the id is put behind it."""
    enterprise: str = ""
    """The Enterprise Grid that the workspace belongs to, where it does."""
    api: str = API
    app_token: str = field(default="", repr=False)
    """With it Lockgate calls Slack (Socket Mode), and Slack need not reach it."""

    def account(self, user: str) -> str:
        """The account of this Slack user in Lockgate's directory."""
        return f"{CHANNEL}:{self.team}.{user}"

    def console(self, request_id: str) -> str:
        """A link, not a credential: it leads to a login."""
        return f"{self.console_url.rstrip('/')}/{request_id}"
