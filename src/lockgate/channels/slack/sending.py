"""The message of a request: posted once, and changed wherever the request is decided.

A notice of the outbox only says that a request moved; what is shown is where it stands when it is sent. So nothing old
overwrites what is newer, and whatever piled up while Slack was away becomes one call.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection, insert, select, update

from lockgate.action import digest
from lockgate.audit.event import Event
from lockgate.channels.due import LONGEST_WAIT_S, MOST_TRIES, settled, taken
from lockgate.channels.slack import blocks
from lockgate.channels.slack.calling import Failed, ask
from lockgate.channels.slack.settings import CHANNEL, SlackSettings
from lockgate.channels.telling import asks
from lockgate.services.approvals import Approvals, Refusal, RequestView
from lockgate.store import KeyRing, Store
from lockgate.store.outbox import Message
from lockgate.store.tables.chat import chat_messages as t

log = structlog.get_logger("lockgate.slack")

LEASE_S = 60
SECOND = 1_000_000
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
BUSY = "another process is at it"


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as it is remembered; `name` is empty before it stands in the room."""

    place: str
    name: str
    shown: str


def button_of(keys: KeyRing, view: RequestView) -> str:
    """What a button carries: opaque, and bound to the action and to what is shown beside it."""
    stored = {"lines": view.lines, "body": view.view}
    shown = blocks.show(view.id, view.view_digest, stored).digest
    bound = "\0".join((view.id, view.action_digest, shown)).encode()
    return hmac.digest(keys.derive("slack-button"), bound, hashlib.sha256).hex()[:40]


def request_of(conn: Connection, button: str) -> str:
    """The request that a button was posted for; empty for a button of nobody's."""
    found = conn.execute(select(t.c.request).where(t.c.id == button, t.c.channel == CHANNEL)).scalar_one_or_none()
    return found or ""


class Sender:
    """Sends what is due; `run` of the service calls it again and again."""

    def __init__(self, settings: SlackSettings, store: Store, approvals: Approvals, slack: AsyncWebClient) -> None:
        self._settings = settings
        self._store = store
        self._approvals = approvals
        self._slack = slack

    async def deliver_due(self) -> int:
        """Send whatever is due, once; how many requests are shown as they stand."""
        due: dict[str, list[Message]] = {}
        for message in await taken(self._store, CHANNEL):
            body = message.body
            named = str(body.get("request", "")) if isinstance(body, Mapping) else ""
            due.setdefault(named, []).append(message)
        arrived, limited = 0, Failed("")
        for request_id, messages in due.items():
            failed = limited if limited.error else await self._show(request_id)
            longest_s = 1 if failed.error == BUSY else LONGEST_WAIT_S
            await settled(
                self._store, messages, failed.error, most=MOST_TRIES, longest_s=longest_s, wait_s=failed.wait_s
            )
            arrived += not failed.error
            if failed.error == "ratelimited":
                limited = failed
            if failed.error:
                log.warning("Slack was not told", request=request_id, kind=failed.error)
        return arrived

    async def _show(self, request_id: str) -> Failed:
        """Post or change one message; `error` is empty where it stands as it should."""
        view = await self._approvals.get(request_id)
        if isinstance(view, Refusal):
            return Failed("")
        button = button_of(self._store.keys, view)
        needed = asks(view)
        found = await self._begin(button, view, needed)
        if found is None:
            return Failed("")  # nobody was asked here, and it is over
        if isinstance(found, Failed):
            return found
        failed = await self._send(view, button, found, needed)
        if failed.error:
            await self._remember(button, leased_until_at=0)
        return failed

    async def _send(self, view: RequestView, button: str, found: Standing, needed: bool) -> Failed:
        text, shown = blocks.message(view, button, self._settings.console(view.id))
        told = digest("slack-message", {"text": text, "blocks": shown})
        if found.name:
            if told != found.shown:
                answer = await ask(
                    self._slack.chat_update, channel=found.place, ts=found.name, text=text, blocks=shown, parse="none"
                )
                if isinstance(answer, Failed):
                    if answer.error not in GONE:
                        return answer
                    await self._remember(button, name="", shown="", leased_until_at=0)
                    return answer if needed else Failed("")  # who took it away is asked anew, while it is a question
            await self._remember(button, shown=told, leased_until_at=0)
            return Failed("")
        answer = await ask(
            self._slack.chat_postMessage,
            channel=self._settings.room,
            text=text,
            blocks=shown,
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
        )
        if isinstance(answer, Failed):
            return answer
        place, name = str(answer.get("channel", "")), str(answer.get("ts", ""))
        await self._remember(button, place=place[:64], name=name[:64], shown=told, leased_until_at=0)
        return Failed("")

    async def _begin(self, button: str, view: RequestView, needed: bool) -> Standing | Failed | None:
        """The message of this request, leased to this process; None where there is none and none is wanted."""

        def unit(conn: Connection) -> tuple[Standing | Failed | None, list[Event]]:
            now_at = self._store.clock()
            until_at = now_at + LEASE_S * SECOND
            row = conn.execute(select(t).where(t.c.request == view.id, t.c.channel == CHANNEL)).first()
            if row is not None and row.leased_until_at > now_at:
                return Failed(BUSY, 1), []
            if row is not None and row.id != button:  # an older version showed it differently
                conn.execute(update(t).where(t.c.id == row.id).values(id=button))
            if row is None or not row.name:
                if not needed:
                    return None, []
                if row is None:
                    conn.execute(
                        insert(t).values(
                            id=button,
                            channel=CHANNEL,
                            request=view.id,
                            place="",
                            name="",
                            shown="",
                            leased_until_at=until_at,
                        )
                    )
                    return Standing("", "", ""), []
            conn.execute(update(t).where(t.c.id == button).values(leased_until_at=until_at))
            return Standing(row.place, row.name, row.shown), []

        return await self._store.transact(unit)

    async def _remember(self, button: str, **values: object) -> None:
        def unit(conn: Connection) -> tuple[None, list[Event]]:
            conn.execute(update(t).where(t.c.id == button).values(**values))
            return None, []

        await self._store.transact(unit)
