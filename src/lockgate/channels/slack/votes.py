"""Votes taken from Slack: written down before Slack is answered, counted afterwards, and told to the voter alone.

What is written down is under a MAC whose key is outside the store: whoever can write there casts no vote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection

from lockgate.action import JSON, canonical
from lockgate.channels.due import LONGEST_WAIT_S, MOST_TRIES, settled, taken
from lockgate.channels.slack import blocks
from lockgate.channels.slack.calling import Failed, ask
from lockgate.channels.slack.members import member
from lockgate.channels.slack.sending import button_of, request_of
from lockgate.channels.slack.settings import CHANNEL, VOTES, SlackSettings
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, Refusal, RequestView, Voter
from lockgate.store import KeyRing, Store
from lockgate.store.outbox import Message, put

log = structlog.get_logger("lockgate.slack")

NOT_LINKED = (
    "Your Slack account is not linked to Lockgate (/lockgate link), or it is linked to one of your identity provider's "
    "and you have not logged in there today: log in to Lockgate."
)
NO_MESSAGE = "This message is none of Lockgate's any more: open the request in the console."


@dataclass(frozen=True, slots=True)
class Word:
    """What one person is told, and the request that its link leads to."""

    words: str
    request: str = ""


@dataclass(frozen=True, slots=True)
class Cast:
    """One vote as it was sent; `place` is where the voter is answered."""

    button: str
    user: str
    approve: bool
    reason: str
    place: str

    def body(self, request: str) -> dict[str, JSON]:
        return {
            "button": self.button,
            "user": self.user,
            "approve": self.approve,
            "reason": self.reason,
            "place": self.place,
            "request": request,
        }


def keep(conn: Connection, keys: KeyRing, cast: Cast, now_at: int) -> None:
    """Write a vote down, to be counted soon; `reason` is masked already."""
    body = cast.body(request_of(conn, cast.button))
    put(conn, VOTES, "", {**body, "mac": keys.mac(VOTES, canonical(body)).hex()}, now_at=now_at)


def kept(keys: KeyRing, body: Any) -> Cast | None:
    """A vote that was written down; None for what Lockgate did not write."""
    try:
        mac = bytes.fromhex(body["mac"])
        rest = {name: value for name, value in body.items() if name != "mac"}
        if not keys.made(VOTES, canonical(rest), mac):
            return None
        return Cast(rest["button"], rest["user"], rest["approve"], rest["reason"], rest["place"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


class Counter:
    """Counts what was kept; `run` of the service calls it again and again."""

    def __init__(
        self,
        settings: SlackSettings,
        store: Store,
        accounts: Accounts,
        approvals: Approvals,
        slack: AsyncWebClient,
    ) -> None:
        self._settings = settings
        self._store = store
        self._accounts = accounts
        self._approvals = approvals
        self._slack = slack

    async def count_due(self) -> int:
        """Hand what was kept to the approvals service; how many votes were answered for."""
        done = 0
        for message in await taken(self._store, VOTES):
            cast = kept(self._store.keys, message.body)
            if cast is None:
                log.error("a vote was put into the store behind Lockgate: it does not count", message=message.id)
                await self._settle(message, Failed(""))
                continue
            said = await self._count(cast)
            await self._settle(message, said if isinstance(said, Failed) else Failed(""))
            if isinstance(said, Word):
                done += 1
                await self.tell(cast.place, cast.user, said)
        return done

    async def tell(self, place: str, user: str, said: Word) -> None:
        """To this user alone; a word that does not arrive changes nothing."""
        answer = await ask(
            self._slack.chat_postEphemeral,
            channel=place or self._settings.room,
            user=user,
            text=blocks.word(said.words, self._settings.console(said.request) if said.request else ""),
            parse="none",
        )
        if isinstance(answer, Failed):
            log.warning("a voter was not answered", kind=answer.error)

    async def _count(self, cast: Cast) -> Word | Failed:
        """What the voter is told; Failed where Slack could not be asked who they are."""
        found = await member(self._slack, self._settings, cast.user)
        if isinstance(found, Failed):
            return found
        if isinstance(found, str):
            return Word(found)
        account = self._settings.account(cast.user)
        person = await self._accounts.behind_chat(account)
        if person is None:
            return Word(NOT_LINKED)
        request_id = await self._store.read(lambda conn: request_of(conn, cast.button))
        view = await self._approvals.get(request_id) if request_id else None
        if not isinstance(view, RequestView) or button_of(self._store.keys, view) != cast.button:
            return Word(NO_MESSAGE)
        if any(vote.person == person.id and vote.approve is cast.approve for vote in view.votes):
            return _counted(view, cast.approve)  # a vote that was counted just before this process ended
        stored = {"lines": view.lines, "body": view.view}
        result = await self._approvals.vote(
            view.id,
            voter=Voter(person.id, interactive=True, token_has_act=False, channel=CHANNEL, through=account),
            approve=cast.approve,
            reason=cast.reason,
            action_digest=view.action_digest,
            view_digest=blocks.show(view.id, view.view_digest, stored).digest,
        )
        if isinstance(result, Refusal):
            hint = f" ({result.hint})" if result.hint else ""
            return Word(f"Your vote does not count: {result.message}{hint}.", view.id)
        return _counted(result, cast.approve)

    async def _settle(self, message: Message, failed: Failed) -> None:
        await settled(
            self._store, [message], failed.error, most=MOST_TRIES, longest_s=LONGEST_WAIT_S, wait_s=failed.wait_s
        )


def _counted(view: RequestView, approve: bool) -> Word:
    stands = blocks.STANDS.get(view.state, view.state.value.lower())
    return Word(f"Your vote counts: you {'approve' if approve else 'deny'}. The request {stands}.")
