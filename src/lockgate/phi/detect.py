"""Finding identifiers in free text: `detect(texts)` gives spans, `redact_text` replaces them.

This version finds by patterns, validators and context words (phi.md, Finding, step 1); the door is made for the
engine that comes later. Leaning to recall: what looks like a number of somebody's is masked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import re2

from lockgate.phi import _sift as clue
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

_RULES: tuple[tuple[str, str, int, str], ...] = (
    ("email", "email", clue.AT, r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
    ("url", "url", clue.LINK, r"(?:https?://|www\.)[^\s<>\"']+"),
    ("ssn", "ssn", clue.SSN, r"\b\d{3}[- ]\d{2}[- ]\d{4}\b"),
    ("phone", "phone", clue.PHONE, r"(?:\+?1[-. ]?)?(?:\(\d{3}\)\s?|\b\d{3}[-. ])\d{3}[-. ]\d{4}\b"),
    ("ip", "ip", clue.DOTTED | clue.TWICE, r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
    ("date-iso", "date", clue.YEAR, r"\b(?:19|20)\d\d-\d\d?-\d\d?\b"),
    ("date-slash", "date", clue.TWICE, r"\b\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d\d\b"),
    (
        "date-words",
        "date",
        clue.DIGIT | clue.MONTH,
        r"\b(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? )?" + _MONTH + r"\.? \d{1,2}(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?\b",
    ),
    (
        "date-day-month",
        "date",
        clue.DIGIT | clue.MONTH,
        r"\b\d{1,2}(?:st|nd|rd|th)?(?: of)? " + _MONTH + r"\b(?:,? (?:19|20)\d\d)?",
    ),
    (
        "mrn",
        "mrn",
        clue.RECORD | clue.CODE4,
        r"(?i:\b(?:MRN|medical record(?: number)?|record no)\b[.:#\s]{0,3})[A-Z0-9-]{4,}",
    ),
    (
        "account",
        "account",
        clue.ACCOUNT | clue.CODE4,
        r"(?i:\b(?:acct|account|policy|member(?: id)?|claim)(?: (?:no|number))?\b[.:#\s]{1,3})[A-Z0-9-]*\d[A-Z0-9-]{3,}",  # noqa: E501
    ),
    ("age", "date", clue.AGE, r"\b(?:9\d|1[0-2]\d)[- ](?:year|yr)s?[- ]?old\b"),
    (
        "titled",
        "name",
        clue.TITLED,
        r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof|Sr|Nurse|Doctor|Patient|Pt)\.?:? " + _NAME + r"(?: [A-Z]\.)?(?: " + _NAME + r")?",
    ),
    (
        "relative",
        "name",
        clue.RELATED,
        r"\b(?i:daughter|son|wife|husband|mother|father|sister|brother|partner|contact|caregiver|named|signed by|seen by),? "  # noqa: E501
        + _NAME
        + r"(?: "
        + _NAME
        + r")?",
    ),
    ("name-comma", "name", clue.COMMA, r"\b" + _NAME + r", " + _NAME + r"(?: [A-Z]\.)?\b"),
    (
        "street",
        "geo",
        clue.STREET,
        r"\b\d{1,5} (?:[A-Z][a-z]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl)\b",  # noqa: E501
    ),
    ("zip", "geo", clue.RUN5, r"\b[A-Z]{2} \d{5}(?:-\d{4})?\b"),
    ("long-number", "other_id", clue.RUN7, r"\b\d{7,}\b"),
    ("coded", "other_id", clue.RUN5, r"\b[A-Z]{1,4}-?\d{5,}\b"),
)

"""Name, class, the clues that every match needs (`_sift`), and the pattern. No match may end in white space."""

_COMPILED = tuple((rule, label, needs, re2.compile(pattern)) for rule, label, needs, pattern in _RULES)

_BETWEEN = b"\n\0\n"
"""Between texts searched as one: no rule reaches over it, and beside it a text begins and ends as it does alone."""

_Found = tuple[int, int, str, str]
"""`(start, end, label, rule)`, in bytes."""


def detect(texts: Sequence[str]) -> list[Span]:
    """Spans of all texts, ordered by document and start, none overlapping (the longer wins)."""
    encoded = [text.encode() for text in texts]
    spans = []
    for doc, found in sorted(_found(encoded).items()):
        for start, end, label, rule in _resolved(found):
            before = len(encoded[doc][:start].decode())
            spans.append(Span(doc, before, before + len(encoded[doc][start:end].decode()), label, 1.0, rule))
    return spans


def redact_text(text: str) -> str:
    """The text with every span replaced by its class, `[NAME]`."""
    changed = redact_values([text.encode()])[0]
    return text if changed is None else changed.decode()


def redact_values(values: list[bytes]) -> list[bytes | None]:
    """Many texts in UTF-8 at once, each with its spans replaced; None for a text that stays as it is."""
    out: list[bytes | None] = [None] * len(values)
    for place, found in _found(values).items():
        out[place] = _spliced(values[place], found)
    return out


def _spliced(value: bytes, found: list[_Found]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for start, end, label, _ in _resolved(found):
        pieces += (value[position:start], _WORDS[label])
        position = end
    pieces.append(value[position:])
    return b"".join(pieces)


_WORDS = {label: redacted(label).encode() for _, label, _, _ in _RULES}


@lru_cache(maxsize=4096)
def _rules_for(clues: int) -> tuple[int, ...]:
    return tuple(rule for rule, (_, _, needs, _) in enumerate(_COMPILED) if clues & needs == needs)


def _found(values: list[bytes]) -> dict[int, list[_Found]]:
    """Every match of every rule, by text, those of one text in the order of the rules."""
    searched: dict[int, list[int]] = {}
    for clues, places in clue.by_clues(values).items():
        for rule in _rules_for(clues):
            searched.setdefault(rule, []).extend(places)
    found: dict[int, list[_Found]] = {}
    for rule in sorted(searched):
        _search(rule, values, searched[rule], found)
    return found


def _search(rule: int, values: list[bytes], places: list[int], found: dict[int, list[_Found]]) -> None:
    name, label, _, pattern = _COMPILED[rule]
    texts = [values[place] for place in places]
    starts = list(accumulate((len(text) + len(_BETWEEN) for text in texts), initial=0))
    at = 0
    # Bytes, not str: the same matches, without a count of characters for each.
    for match in pattern.finditer(_BETWEEN.join(texts)):
        start, end = match.span()
        while starts[at + 1] <= start:
            at += 1
        begin = starts[at]
        found.setdefault(places[at], []).append((start - begin, end - begin, label, name))


def _resolved(found: list[_Found]) -> list[_Found]:
    if len(found) == 1:
        return found
    kept: list[_Found] = []
    for one in sorted(found, key=_by_start_and_length):
        if kept and one[0] < kept[-1][1]:
            if one[1] > kept[-1][1]:
                start, _, label, rule = kept[-1]
                kept[-1] = (start, one[1], label, rule)
            continue
        kept.append(one)
    return kept


def _by_start_and_length(one: _Found) -> tuple[int, int]:
    return one[0], one[0] - one[1]
