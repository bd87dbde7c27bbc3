"""Which identifier a tag stands for: its label, and its class of 45 CFR 164.514(b)(2).

A number's class is told by the words before it; where they say nothing, it is `other_id`. All classes are masked, so a
wrong one shows nobody anything.
"""

from __future__ import annotations

import re

LABELS = ("", "NAME", "GEO", "FACILITY", "DATE", "AGE", "PHONE", "OTHER_ID", "URL")
"""By the tagger's tags."""
LAST_PLAIN = LABELS.index("AGE")
"""Up to this tag a label is that of the tag, whatever stands beside it."""

CLASSES = {
    "NAME": "name",
    "GEO": "geo",
    "FACILITY": "geo",
    "DATE": "date",
    "AGE": "date",
    "PHONE": "phone",
    "FAX": "fax",
    "EMAIL": "email",
    "URL": "url",
    "IP": "ip",
    "SSN": "ssn",
    "MRN": "mrn",
    "PLAN": "health_plan",
    "ACCOUNT": "account",
    "LICENSE": "license",
    "VEHICLE": "vehicle",
    "DEVICE": "device",
    "OTHER_ID": "other_id",
}

_SSN = re.compile(rb"\d{3}[- ]\d{2}[- ]\d{4}")
_CARD = re.compile(rb"(?:\d[ -]?){13,19}")
_WORDS = (
    ("SSN", rb"ssn|social security|soc sec"),
    ("MRN", rb"mrn|mr ?#|medical record|med rec|record (?:no|number)|chart|hospital (?:no|number)|unit no|nhc"),
    ("PLAN", rb"member(?: id)?|policy|plan|subscriber|group|medicare|medicaid|mbi|hicn|insurance|beneficiary|nass"),
    ("ACCOUNT", rb"acct|account|invoice|claim|iban|card|billing|fin|har"),
    ("LICENSE", rb"license|lic|npi|dea|driver'?s|clia|colegiado|num col"),
    ("VEHICLE", rb"plate|vin|tag|vehicle|license plate"),
    ("DEVICE", rb"serial|s/?n|sn|udi|lot|device|implant|imei"),
)


def _cue(words: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\b(?:" + words + rb")\b[^\n]{0,14}$", re.IGNORECASE)


_CUES = tuple((label, _cue(words)) for label, words in _WORDS)
_ANY_CUE = _cue(b"|".join(words for _, words in _WORDS))
"""Most numbers have none: one look says so."""
NEAR = 15
"""How far before a number it may say that it is a fax."""
BEFORE = 40
"""How many signs before an identifier are looked at."""


def label_of(tag: int, text: bytes, begin: int, start: int, end: int) -> str:
    """The label of what stands at `[start, end)` of a folded text that begins at `begin`."""
    label = LABELS[tag]
    if label == "OTHER_ID":
        return _number(text, begin, start, end)
    if label == "PHONE":
        before = text[max(begin, start - NEAR) : start].lower()
        fax = before.rfind(b"fax")
        return "FAX" if fax >= 0 and b"\n" not in before[fax:] else label
    if label == "URL":
        value = text[start:end]
        return "EMAIL" if b"@" in value else "IP" if not value.upper().islower() and value[:1].isdigit() else "URL"
    return label


def _number(text: bytes, begin: int, start: int, end: int) -> str:
    value = text[start:end]
    if _SSN.fullmatch(value):
        return "SSN"
    before = text[max(begin, start - BEFORE) : start]
    nearest, label = -1, "OTHER_ID"
    first = _ANY_CUE.search(before)
    for name, cue in _CUES if first else ():
        found = cue.search(before, first.start() if first else 0)
        if found and found.start() > nearest:
            nearest, label = found.start(), name
    if label == "OTHER_ID" and _CARD.fullmatch(value):
        return "ACCOUNT"
    return label
