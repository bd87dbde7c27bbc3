"""Verify a whole log: every leaf, its order, the tree, the signatures, and intents that have no outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from lockgate.action import parse_canonical
from lockgate.audit.keys import KeyChange, Stated, followed, signed_too_late
from lockgate.audit.merkle import Frontier, leaf_hash
from lockgate.audit.note import Checkpoint, VerifierKey
from lockgate.errors import AuditError, NotCanonical


class Verdict(IntEnum):
    """The exit status of `lockgate audit verify`."""

    WITNESSED = 0
    """Everything holds, against a checkpoint that was kept elsewhere."""
    BROKEN = 1
    """Something was changed, dropped or reordered."""
    SELF_CONSISTENT = 3
    """Everything holds, but only by the log's own key: whoever has it could have cut the end off."""
    UNMATCHED = 4
    """As WITNESSED; some intents have no outcome (running now, or cut off by a crash)."""
    RESTORED = 5
    """Everything holds, but events that a kept checkpoint vouches for were given up in a restore that is recorded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored event: its place, its id as stored, its leaf, and the leaf hash that the tree was made with."""

    index: int
    id: str
    leaf: bytes
    hash: bytes
    filed: tuple[str, str] | None = None
    """The type and the request that it is stored under, where they are known."""


@dataclass(slots=True)
class Report:
    verdict: Verdict = Verdict.SELF_CONSISTENT
    size: int = 0
    problems: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    pending: int = 0
    """Events that no signed tree covers yet."""
    witnessed: int = 0
    """How many events a kept checkpoint vouches for; what follows rests on the log's own key alone."""
    given_up: list[str] = field(default_factory=list)
    """Kept checkpoints that a recorded restore explains."""
    keys: list[VerifierKey] = field(default_factory=list)
    """Those that were given, and those that changes of key in the log lead to."""


def verify_log(
    entries: Iterable[Entry],
    notes: Iterable[str],
    verifiers: Sequence[VerifierKey],
    *,
    kept: Sequence[str] = (),
    pending: int = 0,
) -> Report:
    """`entries` in order of index; `notes` all checkpoints; `kept` those that were kept outside of the store."""
    report = Report(pending=pending)
    wanted: dict[int, list[Stated]] = {}
    stated: list[Stated] = []
    for where, texts in (("stored", notes), ("kept", kept)):
        for note in texts:
            try:
                stated.append(Stated.of(where, note))
            except AuditError as error:
                report.problems.append(f"a {where} checkpoint: {error.message}")
                continue
            wanted.setdefault(stated[-1].claims.size, []).append(stated[-1])
    frontier, told, covered = Frontier(), _Told(), 0
    for position, entry in enumerate(entries):
        if entry.index != position:
            report.problems.append(f"event {position} is missing: the next one is number {entry.index}")
            break
        told.hear(entry, _look_at(entry, report))
        frontier, _ = frontier.append(leaf_hash(entry.leaf))
        for one in wanted.get(frontier.size, ()):
            one.matches = one.claims.root == frontier.root()
            if one.matches:
                covered = frontier.size
                told.believe()
    report.size = frontier.size
    _judge(stated, verifiers, told, report)
    if covered < frontier.size:
        # Places and checkpoint are written in one transaction: what has a place and no checkpoint was put there.
        report.problems.append(
            f"no checkpoint covers {'these events' if not covered else f'the events from number {covered} on'}"
        )
    report.unmatched = sorted(told.open_intents.values())
    if report.problems:
        report.verdict = Verdict.BROKEN
    elif report.given_up:
        report.verdict = Verdict.RESTORED
    elif kept and report.unmatched:
        report.verdict = Verdict.UNMATCHED
    elif kept:
        report.verdict = Verdict.WITNESSED
    return report


def _judge(stated: Sequence[Stated], given: Sequence[VerifierKey], told: _Told, report: Report) -> None:
    """Whether each checkpoint is signed by who had to, and has the root of the tree, or of one that was given up."""
    report.keys = followed(given, told.changes, stated)
    for one in stated:
        try:
            checkpoint = one.signed(report.keys)
        except AuditError as error:
            report.problems.append(f"a {one.where} checkpoint: {error.message}")
            continue
        if report.checkpoint is None or checkpoint.size >= report.checkpoint.size:
            report.checkpoint = checkpoint
        if one.matches or checkpoint.size == 0:
            late = signed_too_late(one, told.changes)
            if late:
                report.problems.append(f"the {one.where} checkpoint over {checkpoint.size} events: {late}")
            elif one.where == "kept":
                report.witnessed = max(report.witnessed, checkpoint.size)
            continue
        restore = next((r for r in told.restores if one.where == "kept" and r.explains(checkpoint)), None)
        if restore is not None:
            report.given_up.append(
                f"a kept checkpoint over {checkpoint.size} events: those after {restore.back_to} were given up in the"
                f" restore that event {restore.event} records"
            )
        elif one.matches is None:
            report.problems.append(
                f"a {one.where} checkpoint covers {checkpoint.size} events, but there are {report.size}"
            )
        else:
            report.problems.append(f"the {one.where} checkpoint over {checkpoint.size} events has another root")


@dataclass(frozen=True, slots=True)
class _Restore:
    """A restore as its event records it: back to which size, and how far the log had come."""

    event: str
    back_to: int
    given_up: int

    def explains(self, checkpoint: Checkpoint) -> bool:
        return self.back_to < checkpoint.size <= self.given_up


@dataclass(slots=True)
class _Told:
    """What the events say of one another; believed once a checkpoint covers them, so that what was put behind the last
    one hides nothing."""

    open_intents: dict[str, str] = field(default_factory=dict)
    restores: list[_Restore] = field(default_factory=list)
    changes: list[KeyChange] = field(default_factory=list)
    _heard: list[tuple[Entry, str, Mapping[str, Any]]] = field(default_factory=list)

    def hear(self, entry: Entry, event: Mapping[str, Any] | None) -> None:
        if event is None or event["type"] not in ("intent", "outcome", "store.restored", "log.key"):
            return
        self._heard.append((entry, event["type"], event["body"]))

    def believe(self) -> None:
        heard, self._heard = self._heard, []
        for entry, kind, body in heard:
            execution = str(body.get("execution", ""))
            if kind == "store.restored":
                self.restores.append(_Restore(entry.id, int(body.get("size", 0)), int(body.get("given_up", 0))))
            elif kind == "log.key":
                before, after = str(body.get("before", "")), str(body.get("after", ""))
                self.changes.append(KeyChange(entry.index, entry.id, before, after))
            elif kind == "intent" and execution:
                self.open_intents[execution] = entry.id
            elif kind == "outcome":
                self.open_intents.pop(execution, None)


def _look_at(entry: Entry, report: Report) -> Mapping[str, Any] | None:
    """The event, None where it cannot be read; what is wrong with its bytes is a problem."""
    name = f"event {entry.index} ({entry.id})"
    if leaf_hash(entry.leaf) != entry.hash:
        report.problems.append(f"{name} was changed: its bytes no longer have the hash that the tree was made with")
    try:
        parse_canonical(entry.leaf)
        event: Mapping[str, Any] = json.loads(entry.leaf)
        body = event["body"]
        if event["id"] != entry.id:
            report.problems.append(f"{name} is stored under another id than it carries")
        if entry.filed is not None and entry.filed != (event["type"], body.get("request") or ""):
            report.problems.append(f"{name} is stored under another type or request than it carries")
    except (NotCanonical, ValueError, KeyError, TypeError, AttributeError):
        report.problems.append(f"{name} is not canonical JSON")
        return None
    return event if isinstance(body, dict) else None
