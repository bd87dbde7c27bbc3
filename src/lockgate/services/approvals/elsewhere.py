"""Votes from another channel than the console: a chat shows the stored view in its own way, and decides what is of low
or medium risk.

A vote from there names the digest of what was shown there. It is made anew from the stored view, in the transaction of
the vote: who changed the store, or saw something else, has seen nothing that counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.approvals import Refusal as Refused
from lockgate.approvals import cooled_off
from lockgate.services.approvals.desk import Desk
from lockgate.services.approvals.entries import Entry
from lockgate.services.approvals.nouns import Voter
from lockgate.services.approvals.people import People
from lockgate.services.views import channel_of

CHAT_RISKS = frozenset({"low", "medium"})
DECIDED_IN_CHATS = frozenset({"action"})
"""Kinds of requests: one statement, once. What lasts, changes policy or reviews an emergency is looked at in full."""
ELSEWHERE = "decide it in the console, or with lockgate requests"


def is_elsewhere(entry: Entry, voter: Voter) -> bool:
    """Whether the voter read it in another channel than the one it was rendered for."""
    return voter.channel != channel_of(entry.view)


def only_in_console(entry: Entry) -> str:
    """Why no chat decides it; empty where one may."""
    if entry.kind not in DECIDED_IN_CHATS or entry.request.glass:
        return "this is not decided in a chat"
    risks = {entry.risk, str(entry.view.get("risk", "high"))}
    profiles = entry.view.get("body", {}).get("profiles", {})
    risks |= {str(body.get("risk", "high")) for body in profiles.values() if isinstance(body, Mapping)}
    if not risks <= CHAT_RISKS:
        return "its risk is too high for a chat"
    if any(quorum.step_up for quorum in entry.request.quorums):
        return "it takes a proof of who you are that a chat cannot give"
    return ""


def refuse(desk: Desk, people: People, entry: Entry, voter: Voter) -> Refused | None:
    """Why this channel, or this account there, decides nothing here; None where it may, or it is the console."""
    if not is_elsewhere(entry, voter) or voter.channel not in desk.channels:
        return None
    why = only_in_console(entry)
    if why:
        return Refused("channel", why, ELSEWHERE)
    if not desk.channels[voter.channel](entry.request.id, entry.request.view_digest, entry.view).whole:
        return Refused("whole", "not all of it can be shown there", ELSEWHERE)
    return _not_theirs(people, voter)


def stored_digest(desk: Desk, entry: Entry, voter: Voter, view_digest: str) -> str:
    """The digest of the stored view for whoever saw what this channel makes of it; what saw something else is no
    digest of anything."""
    show = desk.channels.get(voter.channel)
    if not is_elsewhere(entry, voter) or show is None:
        return view_digest
    shown = show(entry.request.id, entry.request.view_digest, entry.view)
    return entry.request.view_digest if shown.digest == view_digest else ""


def _not_theirs(people: People, voter: Voter) -> Refused | None:
    account = people.accounts.get(voter.through)
    theirs = voter.through.startswith(f"{voter.channel}:")
    if account is None or not account.active or not theirs or voter.person_id not in account.linked:
        return Refused("link", "this account is not linked to yours", "link it: /lockgate link")
    if not cooled_off(account, people.now_at, installed_at=people.installed_at, cooling_s=people.cooling_s):
        return Refused("young", "this account was linked only now, and does not vote yet", ELSEWHERE)
    return None
