"""The rendered view: everything a reviewer judges by, built from the action and never from the requester's
prose.

`render` is pure. What it returns is stored with the request and never rendered again; a vote binds to its
digest, which covers the text, this renderer's version, the masking policy and the channel. It holds no PHI:
the statement arrives with its literals as typed placeholders, the requester's reason is masked again here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lockgate.action import JSON, Action, Decision, digest
from lockgate.services import risk as risks
from lockgate.services.view_lines import lines_of
from lockgate.services.view_sentence import sentence_of, told

RENDERER = 5
MASKING = "display/1"
CHANNEL = "console"
"""Console, API and the `lockgate` command show one and the same stored view: they are one channel."""
REASON_CHARS = 500
MOST_CHARS = 20_000
"""Of statement, parameters and permit together. What is longer cannot be shown whole, and nobody votes on a part."""
LONG_CHARS = 2_000
"""What is longer has room to hide something in: reviewers are told to read to the end."""

NAMING = frozenset({"patient", "named", "name", "called", "mr", "mrs", "ms", "dr", "mother", "father", "son", "wife"})
"""A word after one of these may be a name, however it is written."""


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """What a gateway knows of an action that a person can read.

    `statement_masked` is rendered from the parsed tree, literals as typed placeholders; empty means that
    nothing could be rendered, and the view says *uninspectable*. `does` are plain words for each thing it
    would do, `flags` what is odd about it, `sample` masked rows of base tables, `reason` the requester's own
    words (unverified).
    """

    statement_masked: str = ""
    does: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    classes: frozenset[str] = frozenset()
    estimated_rows: int = 0
    destination: str = ""
    sample: tuple[tuple[str, ...], ...] = ()
    flags: tuple[str, ...] = ()
    uninspectable: str = ""
    reason: str = ""
    parameters: tuple[str, ...] = ()
    asks: str = ""
    """What is wanted, where it is something else than to run this once; takes the sentence's place."""
    permit: str = ""
    """The text of the permit that would come into force."""
    on_approve: str = "it may run once, exactly as shown, and nothing else with it"


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: `lines` for a terminal, `body` for anything richer; `digest` is what a vote binds to."""

    sentence: str
    risk: str
    lines: tuple[str, ...]
    body: Mapping[str, JSON] = field(default_factory=dict)
    digest: str = ""
    whole: bool = True
    """Whether everything is shown; nobody can approve what is not."""

    def to_json(self) -> dict[str, JSON]:
        return {
            "sentence": self.sentence,
            "risk": self.risk,
            "lines": list(self.lines),
            "body": self.body,
            "digest": self.digest,
        }


def render(
    facts: ViewFacts,
    action: Action,
    decision: Decision,
    profiles: Mapping[str, JSON],
    *,
    mask: Callable[[str], str],
    new: Sequence[str] = (),
    like: str = "",
    asks: Sequence[str] = (),
    decide_by_at: int = 0,
) -> View:
    """Build the view of one action; `mask` leans to recall.

    `new` says what is new since the last like it, which `like` names; `asks` are the stages that people are asked in,
    `decide_by_at` when their time is over.
    """
    statement = plain(facts.statement_masked)
    whole = len(statement) + len(facts.permit) + sum(map(len, facts.parameters)) <= MOST_CHARS
    uninspectable = facts.uninspectable or ("" if statement else "the statement could not be rendered")
    flags = _flags(facts, statement, uninspectable, whole)
    rows = facts.estimated_rows
    destination = facts.destination or action.destination
    revealed = sorted(decision.revealed)
    masked = sorted((action.classes | facts.classes) - decision.revealed)
    odd = bool(uninspectable or facts.permit or not whole)
    risk = risks.judge(action, decision.revealed, profiles, rows, new=bool(new), odd=odd)
    sentence = plain(facts.asks or sentence_of(action, decision, rows))
    body: dict[str, JSON] = {
        "version": RENDERER,
        "masking": MASKING,
        "channel": CHANNEL,
        "sentence": sentence,
        "risk": risk,
        "new": [plain(words) for words in new],
        "like": like,
        "asks": list(asks),
        "decide_by": instant(decide_by_at) if decide_by_at else "",
        "who": _who(action),
        "connection": action.connection,
        "upstream": plain(action.upstream),
        "does": [plain(words) for words in facts.does] or [plain(told(q)) for q in action.questions],
        "statement": statement[:MOST_CHARS],
        "whole": whole,
        "permit": plain(facts.permit),
        "parameters": [plain(words) for words in facts.parameters],
        "uninspectable": plain(uninspectable),
        "flags": flags,
        "shown_unmasked": revealed,
        "masked": masked,
        "searched_by_hidden_value": sorted(action.probes),
        "estimated_rows": rows,
        "destination": plain(destination),
        "purpose": plain(mask(action.purpose[:REASON_CHARS])),
        "policy": [{"id": r.policy_id, "title": r.title} for r in decision.reasons],
        "profiles": dict(profiles),
        "sample": [[plain(cell) for cell in row] for row in facts.sample],
        "reason": {"text": plain(mask(facts.reason[:REASON_CHARS])), "verified": False},
        "on_approve": plain(facts.on_approve),
        "on_deny": "nothing changes" if facts.permit else "it does not run; the same may be asked again after an hour",
    }
    lines = tuple(lines_of(body))
    return View(sentence, risk, lines, body, digest("view", {"body": body, "lines": list(lines)}), whole)


def _flags(facts: ViewFacts, statement: str, uninspectable: str, whole: bool) -> list[str]:
    """What is odd about it, the worst first."""
    flags = [f"uninspectable: {uninspectable}"] if uninspectable else []
    if not whole:
        flags.append("too long to be shown whole")
    elif len(statement) > LONG_CHARS:
        flags.append(f"the statement has {len(statement):,} characters: read it to its end")
    if statement != facts.statement_masked:
        flags.append("holds characters that are not ASCII, escaped here")
    return [*flags, *(plain(flag) for flag in facts.flags)]


def instant(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def is_whole(stored: Mapping[str, Any]) -> bool:
    """Whether a stored view shows all of what is asked. Those of an older renderer do not say, so they do not count."""
    return stored.get("body", {}).get("whole") is True


def channel_of(stored: Mapping[str, Any]) -> str:
    return str(stored.get("body", {}).get("channel", CHANNEL))


def plain(text: str) -> str:
    """ASCII only: every other character, and every control character but newline, is escaped to be seen."""
    return "".join(c if c == "\n" or " " <= c <= "~" else c.encode("unicode_escape").decode("ascii") for c in text)


def mask_words(text: str) -> str:
    """Mask for display without a detector: whatever holds a digit, an @ or a capital is hidden. Leans to
    recall.
    """
    words = text.split()
    before = ["", *words]
    return " ".join(
        "[...]" if _suspect(word) or last.strip(".,:;").lower() in NAMING else word
        for last, word in zip(before, words, strict=False)
    )


def _suspect(word: str) -> bool:
    return not all("a" <= c <= "z" or c in ".,:;!?()'-/" for c in word)


def _who(action: Action) -> dict[str, JSON]:
    requester = action.requester
    behalf = requester.on_behalf_of
    return {
        "principal": requester.principal.id,
        "kind": requester.principal.kind.value,
        "actors": [actor.id for actor in requester.actors],
        "on_behalf_of": None if behalf is None else behalf.id,
        "owners": sorted(requester.owners),
        "address": plain(requester.client_address),
    }
