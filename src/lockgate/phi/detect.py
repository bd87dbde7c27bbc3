"""Finding identifiers in free text: `detect(texts)` gives spans, `redact_text` replaces them.

This version finds by patterns, validators and context words (phi.md, Finding, step 1); the door is made for the
engine that comes later. Leaning to recall: what looks like a number of somebody's is masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import re2

from lockgate.phi.operators import redacted

Validator = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Span:
    """`[start, end)` in code points of document `doc`; `label` is the PHI class, `rule` what found it."""

    doc: int
    start: int
    end: int
    label: str
    score: float
    rule: str


_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_NAME = r"[A-Z][\p{L}'’-]+"

_RULES: tuple[tuple[str, str, str], ...] = (
    ("email", "email", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
    ("url", "url", r"(?:https?://|www\.)[^\s<>\"']+"),
    ("ssn", "ssn", r"\b\d{3}[- ]\d{2}[- ]\d{4}\b"),
    ("phone", "phone", r"(?:\+?1[-. ]?)?(?:\(\d{3}\)\s?|\b\d{3}[-. ])\d{3}[-. ]\d{4}\b"),
    ("ip", "ip", r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
    ("date-iso", "date", r"\b(?:19|20)\d\d-\d\d?-\d\d?\b"),
    ("date-slash", "date", r"\b\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d\d\b"),
    (
        "date-words",
        "date",
        r"\b(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? )?" + _MONTH + r"\.? \d{1,2}(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?\b",
    ),
    ("date-day-month", "date", r"\b\d{1,2}(?:st|nd|rd|th)?(?: of)? " + _MONTH + r"\b(?:,? (?:19|20)\d\d)?"),
    ("mrn", "mrn", r"(?i:\b(?:MRN|medical record(?: number)?|record no)\b[.:#\s]{0,3})[A-Z0-9-]{4,}"),
    (
        "account",
        "account",
        r"(?i:\b(?:acct|account|policy|member(?: id)?|claim)(?: (?:no|number))?\b[.:#\s]{1,3})[A-Z0-9-]*\d[A-Z0-9-]{3,}",  # noqa: E501
    ),
    ("age", "date", r"\b(?:9\d|1[0-2]\d)[- ](?:year|yr)s?[- ]?old\b"),
    (
        "titled",
        "name",
        r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof|Sr|Nurse|Doctor|Patient|Pt)\.?:? " + _NAME + r"(?: [A-Z]\.)?(?: " + _NAME + r")?",
    ),
    (
        "relative",
        "name",
        r"\b(?i:daughter|son|wife|husband|mother|father|sister|brother|partner|contact|caregiver|named|signed by|seen by),? "  # noqa: E501
        + _NAME
        + r"(?: "
        + _NAME
        + r")?",
    ),
    ("name-comma", "name", r"\b" + _NAME + r", " + _NAME + r"(?: [A-Z]\.)?\b"),
    (
        "street",
        "geo",
        r"\b\d{1,5} (?:[A-Z][a-z]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl)\b",  # noqa: E501
    ),
    ("zip", "geo", r"\b[A-Z]{2} \d{5}(?:-\d{4})?\b"),
    ("long-number", "other_id", r"\b\d{7,}\b"),
    ("coded", "other_id", r"\b[A-Z]{1,4}-?\d{5,}\b"),
)

_COMPILED = tuple((rule, label, re2.compile(pattern)) for rule, label, pattern in _RULES)


def detect(texts: Sequence[str]) -> list[Span]:
    """Spans of all texts, ordered by document and start, none overlapping (the longer wins)."""
    return [span for doc, text in enumerate(texts) for span in _resolved(list(_found(doc, text)))]


def redact_text(text: str) -> str:
    """The text with every span replaced by its class, `[NAME]`."""
    out: list[str] = []
    position = 0
    for span in _resolved(list(_found(0, text))):
        out += (text[position : span.start], redacted(span.label))
        position = span.end
    out.append(text[position:])
    return "".join(out)


def _found(doc: int, text: str) -> Iterator[Span]:
    for rule, label, pattern in _COMPILED:
        for match in pattern.finditer(text):
            yield Span(doc, match.start(), match.end(), label, 1.0, rule)


def _resolved(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.start - s.end)):
        if kept and span.start < kept[-1].end:
            if span.end > kept[-1].end:
                last = kept[-1]
                kept[-1] = Span(last.doc, last.start, span.end, last.label, 1.0, last.rule)
            continue
        kept.append(span)
    return kept
