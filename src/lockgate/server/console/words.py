"""What the console says: states, refusals and errors as words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.approvals import conflict
from lockgate.errors import LockgateError
from lockgate.services.approvals import Refusal

STATES: Mapping[str, str] = {
    "PROPOSED": "proposed",
    "PENDING": "waiting for people",
    "APPROVED": "approved, not used yet",
    "DENIED": "denied",
    "EXPIRED": "expired: nobody decided in time",
    "CANCELLED": "cancelled",
    "SUPERSEDED": "replaced by an edited request",
    "INVALIDATED": "void: what it rested on has changed",
    "EXECUTING": "running",
    "LAPSED": "approved, not used in time",
    "REVOKED": "taken back",
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "UNKNOWN": "ran, and nobody saw how it ended",
    "RECONCILED_DONE": "settled: it was done",
    "RECONCILED_NO_EFFECT": "settled: it had no effect",
    "REVIEW_DUE": "used in an emergency, to be reviewed",
    "REVIEWED": "reviewed: justified",
    "VIOLATION": "reviewed: not justified",
}
APPROVING = ("agreed with whoever asked", "part of planned work", "only what the task needs", "seen and understood")
"""Reasons to tap. Small letters alone: anything else is hidden before a reason is kept."""

ADVICE: tuple[tuple[str, str], ...] = (
    ("you may not approve this, because", "Somebody else has to decide. The page shows who is asked."),
    ("you are in none of the groups", "Nothing to do for you here. The page shows which group is asked."),
    ("it is not your turn", "Leave it open: it comes to your inbox when the others have decided."),
    (
        "you have voted on this already",
        "Your vote stands. The page shows whose turn it is now.",
    ),
    ("you have reviewed this already", "Your review stands. A second person has to review it too."),
    ("what you saw is not what is asked", "Read the request again as it is now, below, and decide on that."),
    ("it is approved already", "Nothing more is needed. You can still take it back until it is used."),
    ("not possible while", "Nothing to decide now. The timeline shows what became of it."),
    ("a deny needs a reason", "Write a few words into the reason of the deny: whoever asked is told them."),
    ("a token that acts for somebody", "Log in yourself, and decide there."),
    ("nobody knows this account", "Ask an administrator whether your account is still there."),
    ("votes need an interactive login", "Log in yourself, and decide there."),
    ("agents and services never vote", "A person has to log in and decide."),
    ("the account is not active", "Ask an administrator whether your account should be active."),
    ("voters come from another issuer", "Log in with the account that your installation lets vote."),
    ("you are needed in a later stage", "Let somebody else decide this stage, and wait for yours."),
    ("not all of it was shown", "Deny it: it can be asked again in parts."),
    ("this view was made for another channel", "Open the request in the channel that it was sent to."),
    ("only who asked may withdraw", "If you may decide on it, deny it instead."),
    ("there is no such request", "Go back to the inbox: the link may be of another installation."),
    ("this needs", "Your session is not enough for this decision. Ask a reviewer who has what it needs."),
)

OTHERS: Mapping[str, str] = {
    conflict.ASKED: "asked for it",
    conflict.ACTS: "acts in it",
    conflict.BEHALF: "is who it is done for",
    conflict.OWNS: "owns an agent or service in it",
    conflict.OWNED: "owned an agent or service in it within 30 days",
    conflict.HELD: "issued or was shown the credential that it uses",
    conflict.EDITED: "edited it",
    conflict.LENT: "lent the place that it was done from",
    conflict.LOOSENED: "loosened a rule that it rests on within 24 hours",
    conflict.CREATED: "created a voter's account within 24 hours before it",
    conflict.PLANTED: "was given the account or a group by a party to this, within 24 hours",
    conflict.MOVED: "changed a voter's groups within 24 hours before it",
    conflict.UNLINKED: "could be a party to it that has an account of another issuer, linked to no voter's",
}
"""Reasons of the conflict set, which speak to whom they are about, said of somebody else."""


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, and what to do about it."""

    title: str
    advice: str
    code: str = ""


def about(refusal: Refusal) -> Words:
    """A refusal of the approvals service, with what to do: its own hint is for a terminal."""
    if refusal.message.startswith(("too late", "the request is")):
        over = f"It is over: {state(refusal.state)}." if refusal.state else _sentence(refusal.message)
        return Words(over, "Nothing can be decided any more. The timeline shows what became of it.", refusal.code)
    advice = next((said for begins, said in ADVICE if refusal.message.startswith(begins)), "")
    return Words(_sentence(refusal.message), advice or _sentence(refusal.hint), refusal.code)


def about_error(status: int, error: LockgateError) -> Words:
    """An error as a page of its own."""
    if status == 401:
        return Words("You are not logged in any more.", "Log in again.", error.code)
    if status == 503:
        return Words(
            "The store does not answer: nothing was decided and nothing is executed.",
            "Try again in a moment; if it stays so, tell whoever keeps Lockgate.",
            error.code,
        )
    return Words(_sentence(error.message), _sentence(error.hint), error.code)


def _sentence(text: str) -> str:
    """As a sentence of its own."""
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def state(status: str) -> str:
    return STATES.get(str(status), str(status).lower())


def name(account: str) -> str:
    """An account as people call it: without the issuer, where that is this installation."""
    return account.removeprefix("local:")


def they(reason: str) -> str:
    """A reason of the conflict set, said of somebody else."""
    return OTHERS.get(reason, reason)


def left(until_at: int, now_at: int) -> str:
    """How long until then, in the two largest units that matter; the script keeps it true."""
    minutes = max(0, until_at - now_at) // 60_000_000
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "less than a minute"
