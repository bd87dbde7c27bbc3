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
    """The log holds; some intents have no outcome (running now, or cut off by a crash)."""


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
    previous_at = 0
    for position, entry in enumerate(entries):
        if entry.index != position:
            report.problems.append(f"event {position} is missing: the next one is number {entry.index}")
            break
        previous_at = _look_at(entry, previous_at, open_intents, report)
        frontier, _ = frontier.append(leaf_hash(entry.leaf))
        for where, checkpoint in wanted.pop(frontier.size, ()):
            if checkpoint.root != frontier.root():
                report.problems.append(f"the {where} checkpoint over {frontier.size} events has another root")
    report.size = frontier.size
    for size, left in sorted(wanted.items()):
        if size == 0:
            continue
        where = ", ".join(sorted({w for w, _ in left}))
        report.problems.append(f"a {where} checkpoint covers {size} events, but there are {frontier.size}")
    report.unmatched = sorted(open_intents.values())
    if not report.problems and report.checkpoint is None and frontier.size:
        report.problems.append("no checkpoint covers these events")
    if report.problems:
        report.verdict = Verdict.BROKEN
    elif report.unmatched:
        report.verdict = Verdict.UNMATCHED
    elif kept:
        report.verdict = Verdict.WITNESSED
    return report


def _look_at(entry: Entry, previous_at: int, open_intents: dict[str, str], report: Report) -> int:
    name = f"event {entry.index} ({entry.id})"
    if leaf_hash(entry.leaf) != entry.hash:
        report.problems.append(f"{name} was changed: its bytes no longer have the hash that the tree was made with")
    try:
        parse_canonical(entry.leaf)
        event = json.loads(entry.leaf)
        body, at = event["body"], event["time"]
        if event["id"] != entry.id:
            report.problems.append(f"{name} is stored under another id than it carries")
        if entry.filed is not None and entry.filed != (event["type"], body.get("request") or ""):
            report.problems.append(f"{name} is stored under another type or request than it carries")
    except (NotCanonical, ValueError, KeyError, TypeError, AttributeError):
        report.problems.append(f"{name} is not canonical JSON")
        return previous_at
    execution = body.get("execution") if isinstance(body, dict) else None
    if isinstance(execution, str):
        if event["type"] == "intent":
            open_intents[execution] = entry.id
        elif event["type"] == "outcome":
            open_intents.pop(execution, None)
    return int(at) if isinstance(at, int) else previous_at
