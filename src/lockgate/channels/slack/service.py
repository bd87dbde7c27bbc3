"""Slack as the server knows it: takes what Slack delivers, and runs what sends and counts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection

from lockgate.audit.event import Event
from lockgate.channels.slack import calling, incoming, votes
from lockgate.channels.slack.clicks import Clicks, cast_of, pressed
from lockgate.channels.slack.commands import Commands
from lockgate.channels.slack.incoming import Came, dig
from lockgate.channels.slack.sending import Sender
from lockgate.channels.slack.settings import SlackSettings
from lockgate.channels.slack.socket_mode import Socket
from lockgate.channels.slack.votes import Cast, Counter
from lockgate.errors import AuthenticationError, ConfigError, LockgateError
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals
from lockgate.store import Store

log = structlog.get_logger("lockgate.slack")

POLL_S = 0.5
MOST_AT_ONCE = 50
"""Clicks that are worked on; of more, the next are told to try again by Slack itself."""
FOREIGN = "this comes from another workspace"


class Slack:
    """`click` and `command` take deliveries; `run` sends and counts for ever."""

    def __init__(self, settings: SlackSettings, store: Store, accounts: Accounts, approvals: Approvals) -> None:
        self.settings = settings
        self._store = store
        self._mask = approvals.desk.mask
        api = calling.client(settings)
        self.sender = Sender(settings, store, approvals, api)
        self.counter = Counter(settings, store, accounts, approvals, api)
        self._clicks = Clicks(settings, store, accounts, approvals, api, self.counter)
        self._commands = Commands(settings, accounts, approvals, api)
        self._working: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send and count for ever. What a crash interrupts is done again; a store that fails is asked again."""
        socket = asyncio.get_running_loop().create_task(_quietly(Socket(self.settings, self.envelope).run()))
        try:
            while True:
                for work in (self.counter.count_due, self.sender.deliver_due):
                    await _quietly(work())
                await asyncio.sleep(POLL_S)
        finally:
            ending = [socket, *self._working]
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)

    async def idle(self) -> None:
        """Until every click that was taken is worked off."""
        await asyncio.gather(*self._working, return_exceptions=True)

    async def click(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The answer to a button or a form. AuthenticationError, ConfigError: nothing is done."""
        came = incoming.verified(self.settings, headers, body, self._store.clock())
        return await self._click(incoming.payload(incoming.form(body)), came)

    async def command(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The answer to `/lockgate`, shown to whoever asked."""
        came = incoming.verified(self.settings, headers, body, self._store.clock())
        return await self._command(incoming.form(body), came)

    async def envelope(self, kind: str, payload: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The answer to what came over Socket Mode, whose connection is the proof that it is Slack's."""
        came = incoming.enveloped(name, self._store.clock())
        if kind == "interactive":
            return await self._click(payload, came)
        return await self._command(payload, came) if kind == "slash_commands" else {}

    async def _click(self, sent: Mapping[str, Any], came: Came) -> dict[str, Any]:
        team, enterprise = dig(sent, "team", "id"), dig(sent, "enterprise", "id")
        if not incoming.is_ours(self.settings, team, enterprise, dig(sent, "user", "team_id")):
            raise AuthenticationError(FOREIGN)
        kind, cast = sent.get("type"), None
        if kind == "view_submission":
            cast = cast_of(sent)
            if cast is not None and not cast.approve and not cast.reason.strip():
                return {"response_action": "errors", "errors": {"reason": "A deny needs a reason."}}
        if not await self._take(came, cast):
            return {}
        if kind == "block_actions" and pressed(sent):
            self._begin(self._clicks.open_form(sent))
        return {}

    async def _command(self, fields: Mapping[str, Any], came: Came) -> dict[str, Any]:
        if not incoming.is_ours(self.settings, fields.get("team_id"), fields.get("enterprise_id")):
            raise AuthenticationError(FOREIGN)
        user = str(fields.get("user_id") or "")
        if not user or not await self._take(came, None):
            return {}
        return await self._commands.answer(user, str(fields.get("text") or ""))

    async def _take(self, came: Came, cast: Cast | None) -> bool:
        """Write down that it came, and with it the vote that it is; False for what came before."""
        if cast is not None:
            cast = replace(cast, reason=self._mask(cast.reason))  # nothing that a patient could be in is kept

        def unit(conn: Connection) -> tuple[bool, list[Event]]:
            now_at = self._store.clock()
            if not incoming.is_new(conn, came, now_at):
                return False, []
            if cast is not None:
                votes.keep(conn, self._store.keys, cast, now_at)
            return True, []

        return await self._store.transact(unit)

    def _begin(self, work: Coroutine[None, None, object]) -> None:
        if len(self._working) >= MOST_AT_ONCE:
            work.close()
            raise ConfigError("too much at once", hint="try again")

        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)


async def _quietly(work: Coroutine[None, None, object]) -> None:
    """What fails is done again when it is due; the next is not held up by it. Never the message: it could quote."""
    try:
        await work
    except LockgateError:
        pass  # a store that is away is asked again
    except Exception as error:
        log.error("work for Slack failed", kind=type(error).__name__)
