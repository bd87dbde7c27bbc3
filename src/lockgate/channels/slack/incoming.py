"""What Slack delivers: is it Slack's, is it new, and is it from our own workspace.

Signature v0 is HMAC-SHA-256 over `v0:timestamp:body`, compared in constant time
(docs.slack.dev/authentication/verifying-requests-from-slack).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.signature import Clock, SignatureVerifier
from sqlalchemy import Connection, delete, insert, select

from lockgate.channels.slack.settings import SlackSettings
from lockgate.errors import AuthenticationError, ConfigError
from lockgate.store.tables.chat import chat_seen

WINDOW_S = 300
SECOND = 1_000_000
MOST_FIELDS = 30
LONGEST_BODY_BYTES = 256 << 10
"""A click comes with the whole message that was clicked on."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a delivery is remembered by, and until when (microseconds)."""

    seen: str
    forget_at: int


class _At(Clock):
    """A clock that the caller gives."""

    def __init__(self, now_at: int) -> None:
        self._now_s = now_at / SECOND

    def now(self) -> float:
        return self._now_s


def verified(settings: SlackSettings, headers: Mapping[str, str], body: bytes, now_at: int) -> Came:
    """What to remember this delivery by. AuthenticationError: not from Slack, or older than five
    minutes."""
    timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    refused = AuthenticationError("this is not signed by Slack, or too old", hint="look at slack.signing_secret")
    if not settings.signing_secret:  # over Socket Mode alone
        raise refused
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and signature.isascii()):
        raise refused
    try:
        genuine = SignatureVerifier(settings.signing_secret, _At(now_at)).is_valid(body, timestamp, signature)
    except ValueError:  # a body that is no UTF-8
        genuine = False
    if not genuine:
        raise refused
    seen = hashlib.sha256(f"{timestamp}:{signature}".encode()).hexdigest()
    return Came(seen, (int(timestamp) + WINDOW_S + 1) * SECOND)


def enveloped(name: str, now_at: int) -> Came:
    """The same for what came over Socket Mode, where each delivery has a name."""
    return Came(hashlib.sha256(f"envelope:{name}".encode()).hexdigest(), now_at + 2 * WINDOW_S * SECOND)


def is_new(conn: Connection, came: Came, now_at: int) -> bool:
    """Whether this delivery comes for the first time; from now on it does not."""
    conn.execute(delete(chat_seen).where(chat_seen.c.forget_at < now_at))
    if conn.execute(select(chat_seen.c.id).where(chat_seen.c.id == came.seen)).first() is not None:
        return False
    conn.execute(insert(chat_seen).values(id=came.seen, forget_at=came.forget_at))
    return True


def form(body: bytes) -> dict[str, str]:
    """The fields of a form, each given once. ConfigError: it is none."""
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise ConfigError("this is no form of Slack's") from error
    if any(len(values) != 1 for values in fields.values()):
        raise ConfigError("a field is given twice")
    return {name: values[0] for name, values in fields.items()}


def payload(fields: Mapping[str, str]) -> dict[str, Any]:
    """The JSON of an interaction. ConfigError: it is none."""
    try:
        found = json.loads(fields.get("payload", ""))
    except (ValueError, RecursionError) as error:
        raise ConfigError("this is no interaction of Slack's") from error
    if not isinstance(found, dict):
        raise ConfigError("this is no interaction of Slack's")
    return found


def is_ours(settings: SlackSettings, team: object, enterprise: object, of_user: object = None) -> bool:
    """Whether it comes from the configured workspace; `of_user` is the workspace that the user belongs to, where Slack
    says so."""
    return team == settings.team and (enterprise or "") == settings.enterprise and of_user in (None, settings.team)


def dig(found: object, *path: str) -> Any:
    """A value inside of nested mappings; None where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
