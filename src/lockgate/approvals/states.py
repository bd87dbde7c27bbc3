"""The states of an approval request and the moves between them; terminal states never change."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """Where a request stands."""

    PROPOSED = "PROPOSED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    SUPERSEDED = "SUPERSEDED"
    INVALIDATED = "INVALIDATED"
    EXECUTING = "EXECUTING"
    LAPSED = "LAPSED"
    REVOKED = "REVOKED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    RECONCILED_DONE = "RECONCILED_DONE"
    RECONCILED_NO_EFFECT = "RECONCILED_NO_EFFECT"
    REVIEW_DUE = "REVIEW_DUE"
    REVIEWED = "REVIEWED"
    VIOLATION = "VIOLATION"


S = Status

MOVES: Mapping[Status, frozenset[Status]] = {
    S.PROPOSED: frozenset({S.PENDING, S.EXECUTING}),
    S.PENDING: frozenset({S.APPROVED, S.DENIED, S.EXPIRED, S.CANCELLED, S.SUPERSEDED, S.INVALIDATED}),
    S.APPROVED: frozenset({S.EXECUTING, S.LAPSED, S.REVOKED, S.INVALIDATED}),
    S.EXECUTING: frozenset({S.SUCCEEDED, S.FAILED, S.UNKNOWN, S.REVIEW_DUE}),
    S.UNKNOWN: frozenset({S.RECONCILED_DONE, S.RECONCILED_NO_EFFECT, S.REVIEW_DUE}),
    S.REVIEW_DUE: frozenset({S.REVIEWED, S.VIOLATION}),
}
"""PROPOSED → EXECUTING and everything about REVIEW_DUE belong to break glass alone; `machine` sees to that.
"""

OPEN = frozenset({S.PENDING, S.APPROVED})
"""A retry of the identical action joins a request in one of these instead of opening another."""


def terminal(status: Status) -> bool:
    """Whether nothing can follow."""
    return status not in MOVES
