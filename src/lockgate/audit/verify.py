"""Verify a whole log: every leaf, its order, the tree, the signatures, and intents that have no outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from lockgate.action import parse_canonical
from lockgate.audit.merkle import Frontier, leaf_hash
from lockgate.audit.note import Checkpoint, VerifierKey, parse_checkpoint
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
    wanted: dict[int, list[tuple[str, Checkpoint]]] = {}
    for where, texts in (("stored", notes), ("kept", kept)):
        for note in texts:
            try:
                checkpoint = parse_checkpoint(note, verifiers)
            except AuditError as error:
                report.problems.append(f"a {where} checkpoint: {error.message}")
                continue
            wanted.setdefault(checkpoint.size, []).append((where, checkpoint))
            if report.checkpoint is None or checkpoint.size >= report.checkpoint.size:
                report.checkpoint = checkpoint
    frontier = Frontier()
    open_intents: dict[str, str] = {}
    restores: list[_Restore] = []
    disputed: list[tuple[str, Checkpoint, str]] = []
    for position, entry in enumerate(entries):
        if entry.index != position:
            report.problems.append(f"event {position} is missing: the next one is number {entry.index}")
            break
        _look_at(entry, open_intents, restores, report)
        frontier, _ = frontier.append(leaf_hash(entry.leaf))
        for where, checkpoint in wanted.pop(frontier.size, ()):
            if checkpoint.root == frontier.root():
                report.witnessed = frontier.size if where == "kept" else report.witnessed
            else:
                disputed.append(
                    (where, checkpoint, f"the {where} checkpoint over {frontier.size} events has another root")
                )
    report.size = frontier.size
    for size, left in sorted(wanted.items()):
        if size == 0:
            continue
        for where, checkpoint in left:
            what = f"a {where} checkpoint covers {size} events, but there are {frontier.size}"
            disputed.append((where, checkpoint, what))
    for where, checkpoint, what in disputed:
        restore = next((r for r in restores if where == "kept" and r.explains(checkpoint)), None)
        if restore is None:
            report.problems.append(what)
        else:
            report.given_up.append(
                f"a kept checkpoint over {checkpoint.size} events: those after {restore.back_to} were given up in the"
                f" restore that event {restore.event} records"
            )
    report.unmatched = sorted(open_intents.values())
    if not report.problems and report.checkpoint is None and frontier.size:
        report.problems.append("no checkpoint covers these events")
    if report.problems:
        report.verdict = Verdict.BROKEN
    elif report.given_up:
        report.verdict = Verdict.RESTORED
    elif kept and report.unmatched:
        report.verdict = Verdict.UNMATCHED
    elif kept:
        report.verdict = Verdict.WITNESSED
    return report


@dataclass(frozen=True, slots=True)
class _Restore:
    """A restore as its event records it: back to which size, and how far the log had come."""

    event: str
    back_to: int
    given_up: int

    def explains(self, checkpoint: Checkpoint) -> bool:
        return self.back_to < checkpoint.size <= self.given_up


def _look_at(entry: Entry, open_intents: dict[str, str], restores: list[_Restore], report: Report) -> None:
    name = f"event {entry.index} ({entry.id})"
    if leaf_hash(entry.leaf) != entry.hash:
        report.problems.append(f"{name} was changed: its bytes no longer have the hash that the tree was made with")
    try:
        parse_canonical(entry.leaf)
        event = json.loads(entry.leaf)
        body = event["body"]
        if event["id"] != entry.id:
            report.problems.append(f"{name} is stored under another id than it carries")
        if entry.filed is not None and entry.filed != (event["type"], body.get("request") or ""):
            report.problems.append(f"{name} is stored under another type or request than it carries")
    except (NotCanonical, ValueError, KeyError, TypeError, AttributeError):
        report.problems.append(f"{name} is not canonical JSON")
        return
    if not isinstance(body, dict):
        return
    if event["type"] == "store.restored":
        restores.append(_Restore(entry.id, int(body.get("size", 0)), int(body.get("given_up", 0))))
    execution = body.get("execution")
    if isinstance(execution, str):
        if event["type"] == "intent":
            open_intents[execution] = entry.id
        elif event["type"] == "outcome":
            open_intents.pop(execution, None)
