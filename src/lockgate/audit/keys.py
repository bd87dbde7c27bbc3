"""Which keys a log was signed with: those that were given, and those that its own events of a change lead to.

A change (`log.key`) is believed where a checkpoint over it is signed by a key that is believed already: forwards, since
whoever changes the key has the checkpoint over the change signed by both; backwards, since the newer key vouches for
all that came before it. From a change on only the new key counts: the old one may have been changed because it was
lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.audit.note import Checkpoint, VerifierKey, parse_checkpoint, read_checkpoint
from lockgate.errors import AuditError


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The event of a change of key: from its place on, `after` signs."""

    index: int
    event: str
    before: str
    after: str


@dataclass(slots=True)
class Stated:
    """A checkpoint as it was found: what it claims, and whether the tree of that size has its root (None: no such
    size)."""

    where: str
    note: str
    claims: Checkpoint
    matches: bool | None = None

    @staticmethod
    def of(where: str, note: str) -> Stated:
        """AuditError: it is no checkpoint, whoever signed it."""
        return Stated(where, note, read_checkpoint(note))

    def signed(self, keys: Sequence[VerifierKey]) -> Checkpoint:
        """AuditError: by none of these."""
        return parse_checkpoint(self.note, keys)


def followed(given: Sequence[VerifierKey], changes: Sequence[KeyChange], stated: Sequence[Stated]) -> list[VerifierKey]:
    """The given keys, and each that a vouched-for change connects with one of them."""
    keys = list(given)
    largest_first = sorted((s for s in stated if s.matches), key=lambda s: -s.claims.size)
    while True:
        vouched = next((s.claims.size for s in largest_first if _by(s, keys)), 0)
        fresh: list[VerifierKey] = []
        for change in changes:
            pair = [key for text in (change.before, change.after) if text and (key := _key(text)) is not None]
            if change.index < vouched and any(key in keys for key in pair):
                fresh += [key for key in pair if key not in keys and key not in fresh]
        if not fresh:
            return keys
        keys += fresh


def signed_too_late(one: Stated, changes: Sequence[KeyChange]) -> str:
    """Why this checkpoint of the tree does not count: another key had to sign it. Empty where it does."""
    due = next((change for change in reversed(changes) if change.index < one.claims.size), None)
    if due is None:
        return ""
    key = _key(due.after)
    if key is not None and _by(one, [key]):
        return ""
    return f"it is not signed by the key that event {due.event} put in force"


def _by(one: Stated, keys: Sequence[VerifierKey]) -> bool:
    try:
        one.signed(keys)
    except AuditError:
        return False
    return True


def _key(text: str) -> VerifierKey | None:
    try:
        return VerifierKey.from_text(text)
    except AuditError:
        return None
