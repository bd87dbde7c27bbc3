"""The section `slack:` of `lockgate.yaml`."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from lockgate.channels.slack import SlackSettings
from lockgate.channels.slack.settings import API
from lockgate.server.config_reader import Reader, secret

KEYS = ("bot_token", "signing_secret", "app_token", "team", "enterprise", "channel", "api")
TEAM, ENTERPRISE, ROOM = (
    re.compile(r"T[A-Z0-9]{2,20}"),
    re.compile(r"E[A-Z0-9]{2,20}"),
    re.compile(r"[CG][A-Z0-9]{2,20}"),
)


def slack_settings(reader: Reader, base: Path, console_url: str) -> SlackSettings:
    """Secrets by reference: the bot's, and that of one way in (HTTP, Socket Mode) or of both; ids as Slack writes them.
    ConfigError names file and line."""
    reader.only(*KEYS)
    door = "app_token" if "app_token" in reader.items and "signing_secret" not in reader.items else "signing_secret"
    for key in ("bot_token", door):
        if reader.text(key) == "none":
            raise reader.error(f"{key} is needed", reader.items.get(key), "env:NAME or file:PATH")
    team, room, enterprise = reader.text("team"), reader.text("channel"), reader.text("enterprise", "")
    for key, value, wanted in (("team", team, TEAM), ("channel", room, ROOM), ("enterprise", enterprise, ENTERPRISE)):
        if not wanted.fullmatch(value) and (value or key != "enterprise"):
            hint = f"as in {wanted.pattern[0] if key != 'channel' else 'C'}0123ABCD; it stands in Slack's own address"
            raise reader.error(f"{key} is an id of Slack's", reader.items.get(key), hint)
    api = reader.text("api", API)
    to = urlsplit(api)
    if to.scheme != "https" and to.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise reader.error("api is an https address", reader.items.get("api"), f"leave it out: {API}")
    return SlackSettings(
        bot_token=secret(reader, "bot_token", base),
        signing_secret=secret(reader, "signing_secret", base) if "signing_secret" in reader.items else "",
        team=team,
        room=room,
        console_url=console_url,
        enterprise=enterprise,
        api=api.rstrip("/") + "/",
        app_token=secret(reader, "app_token", base) if "app_token" in reader.items else "",
    )
