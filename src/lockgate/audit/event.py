"""One entry of the log: what happened, as canonical JSON. A body never holds PHI: literals are salted commitments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.action import JSON, canonical

VERSION = 1


@dataclass(frozen=True, slots=True)
class Event:
    """`type` is one of `lockgate.audit.TYPES`; `body` has ASCII keys and no floats."""

    type: str
    body: Mapping[str, JSON]
    salt: tuple[str, bytes] | None = field(default=None, repr=False)
    """A commitment in the body and its salt, which is kept beside the log and may be destroyed; never in the leaf."""


def leaf_bytes(event: Event, *, id: str, time_at: int) -> bytes:
    """The leaf of the Merkle tree: canonical JSON of the event with its id and its instant (microseconds, UTC).
    NotCanonical: a key is not ASCII, and then other readers could sort it elsewhere."""
    whole: dict[str, JSON] = {"body": event.body, "id": id, "time": time_at, "type": event.type, "v": VERSION}
    return canonical(whole, ascii_only=True)
