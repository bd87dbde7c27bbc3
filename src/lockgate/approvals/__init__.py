"""The state machine of approvals: pure, no I/O, no clock.

In: a request, an event (with everything that had to be looked up), an instant. Out: the request as it
becomes, or a refusal that says why. `step` is the whole machine, `settle` its clocks; `conflict_set` says who
may not approve and why, `satisfied` whether the stages are full. It must never read a clock, believe a
caller's word for who somebody is, or let one human fill two slots.
"""

from lockgate.approvals import events, history
from lockgate.approvals.ballots import union
from lockgate.approvals.conflict import (
    Account,
    Facts,
    barred,
    conflict_set,
    cooled_off,
    counted_groups,
    eligible,
    human_of,
    link,
)
from lockgate.approvals.machine import satisfied_names, settle, step
from lockgate.approvals.model import Ballot, Conflicts, Quorum, Refusal, Request, Stage, Vote
from lockgate.approvals.quorum import asked, counted, denied, groups_of, satisfiable, satisfied, still_counting
from lockgate.approvals.states import MOVES, OPEN, Status, terminal

__all__ = [
    "MOVES",
    "OPEN",
    "Account",
    "Ballot",
    "Conflicts",
    "Facts",
    "Quorum",
    "Refusal",
    "Request",
    "Stage",
    "Status",
    "Vote",
    "asked",
    "barred",
    "conflict_set",
    "cooled_off",
    "counted",
    "counted_groups",
    "denied",
    "eligible",
    "events",
    "groups_of",
    "history",
    "human_of",
    "link",
    "satisfiable",
    "satisfied",
    "satisfied_names",
    "settle",
    "step",
    "still_counting",
    "terminal",
    "union",
]
