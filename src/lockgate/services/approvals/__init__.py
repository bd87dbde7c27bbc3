"""Approvals, as transactions: open, wait, vote, consume once, record what came of it.

In: an action with its decision, votes of people, outcomes. Out: requests, leave to execute, refusals that say
why. Each change is one unit of the store with its events inside. It must never execute anything itself, never
show or log a payload, and never let a grant be consumed unless everything was looked up again in that very
transaction.
"""

from lockgate.approvals import Status
from lockgate.services.approvals.delegating import Delegation
from lockgate.services.approvals.editing import BatchView, ItemVote
from lockgate.services.approvals.glass import Glass
from lockgate.services.approvals.inbox import Box, Cursor, InboxPage
from lockgate.services.approvals.nouns import (
    Changes,
    Choices,
    Decide,
    Directory,
    Execution,
    Opened,
    Permit,
    PersonLike,
    Proposal,
    Refusal,
    Repeatable,
    RequestState,
    RequestView,
    Rules,
    Show,
    ShownThere,
    Voter,
    VoteShown,
)
from lockgate.services.approvals.restoring import Restore
from lockgate.services.approvals.service import Approvals
from lockgate.services.approvals.switch import Switch
from lockgate.services.approvals.telemetry import Reviewer
from lockgate.services.approvals.waiting import Watcher

__all__ = [
    "Approvals",
    "BatchView",
    "Box",
    "Changes",
    "Choices",
    "Cursor",
    "Decide",
    "Delegation",
    "Directory",
    "Execution",
    "Glass",
    "InboxPage",
    "ItemVote",
    "Opened",
    "Permit",
    "PersonLike",
    "Proposal",
    "Refusal",
    "Repeatable",
    "RequestState",
    "RequestView",
    "Reviewer",
    "Restore",
    "Rules",
    "Show",
    "ShownThere",
    "Status",
    "Switch",
    "VoteShown",
    "Voter",
    "Watcher",
]
