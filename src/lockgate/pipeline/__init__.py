"""The one path: identify, classify, decide, hold, consume, log the intent, execute, mask.

Every way in is an adapter to this path. An adapter knows bytes; the path knows people, PHI and power. It answers an
action with an `Admission`: a `Pass`, whose intent is already durable when it is returned, or a `Refusal`.
"""

from lockgate.pipeline.nouns import (
    Admission,
    Caller,
    Facts,
    Held,
    Moment,
    Pass,
    Receipt,
    Refusal,
    Ticket,
    Wishes,
    receipt_of,
)
from lockgate.pipeline.path import Pipeline
from lockgate.pipeline.permits import Permits
from lockgate.pipeline.questions import circumstances_of
from lockgate.pipeline.words import unrecorded

__all__ = [
    "Admission",
    "Caller",
    "Facts",
    "Held",
    "Moment",
    "Pass",
    "Permits",
    "Pipeline",
    "Receipt",
    "Refusal",
    "Ticket",
    "Wishes",
    "circumstances_of",
    "receipt_of",
    "unrecorded",
]
