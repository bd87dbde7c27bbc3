"""What a column probably is, by its name, its type and (where allowed) its content. A proposal is never in force."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.action import UNCLASSIFIED
from lockgate.phi import detect
from lockgate.phi.finding.naming import CLASSES
from lockgate.services.catalog.model import Entry

_BY_NAME: tuple[tuple[str, str], ...] = (
    (r"(^|_)ssn($|_)|social_sec", "ssn"),
    (r"(^|_)mrn($|_)|medical_record|record_(no|num)", "mrn"),
    (r"e?_?mail($|_)|email", "email"),
    (r"fax", "fax"),
    (r"phone|mobile|(^|_)tel($|_)|cell", "phone"),
    (r"birth|(^|_)dob($|_)|(^|_)born($|_)", "date/birth"),
    (r"death|(^|_)died($|_)|deceased_(at|on|date)", "date/death"),
    (
        r"(first|last|middle|given|family|full|maiden|sur)_?name|(^|_)(patient|contact|guarantor|subscriber|provider|clinician|doctor)(_name)?$|^name$",
        "name",
    ),
    (r"zip|postal|postcode", "geo/zip"),
    (r"street|address|addr", "other_id/street"),
    (r"(^|_)city($|_)|town", "geo/city"),
    (r"(^|_)state($|_)|province", "geo/state"),
    (r"county|latitude|longitude|(^|_)(lat|lon|lng)($|_)|geo", "geo"),
    (r"member|subscriber_id|policy_(no|num)|insurance_id|plan_id", "health_plan"),
    (r"account|acct|(^|_)iban($|_)|card_(no|num)", "account"),
    (r"licen[cs]e|(^|_)npi($|_)|(^|_)dea($|_)", "license"),
    (r"(^|_)vin($|_)|plate|vehicle", "vehicle"),
    (r"device|serial_(no|num)|(^|_)udi($|_)", "device"),
    (r"(^|_)url($|_)|website|homepage", "url"),
    (r"(^|_)ip($|_)|ip_addr", "ip"),
    (r"photo|image|picture", "photo"),
    (r"fingerprint|biometric|voice", "biometric"),
    (r"note|comment|narrative|free_?text|remark|message|history_of|report|summary", "text"),
    (r"(^|_)age($|_)", "date/age"),
)
_DATES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
_COUNTS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean"})
_CODES = re.compile(
    r"(^|_)(code|status|type|kind|category|flag|unit|units|sex|gender|ward|department|specialty|icd\d*|cpt|loinc|drug|dose|route|result|value|amount|cost|price|total|count|quantity|priority|class|currency|reason_code)($|_)"
)
_KEYS = re.compile(r"(^|_)id$|^id$")


@dataclass(frozen=True, slots=True)
class Proposal:
    """`sure` says whether a group of such may be accepted at once; the unsure stays PHI until somebody looks."""

    table: str
    column: str
    type: str
    entry: Entry
    sure: bool
    why: str


def propose(table: str, column: str, type_name: str, generated: bool, sample: Sequence[str]) -> Proposal:
    name = column.lower()

    def as_(written: str, sure: bool, why: str) -> Proposal:
        cls, _, label = written.partition("/")
        return Proposal(table, column, type_name, Entry(cls, label), sure, why)

    for pattern, written in _BY_NAME:
        if re.search(pattern, name):
            return as_(written, True, "its name")
    if type_name in _DATES:
        return as_("date", True, "its type")
    found = {CLASSES[span.label] for span in detect([s for s in sample if s], doubt=False)}
    if found:
        kinds = sorted(found)
        return as_(kinds[0] if len(kinds) == 1 else "text", False, f"its content looks like {', '.join(kinds)}")
    if generated and type_name in (*_COUNTS, "uuid"):
        return as_("none", True, "a generated key")
    if _KEYS.search(name) and type_name in _COUNTS:
        return as_("none", True, "a reference by number")
    if _CODES.search(name) or type_name == "boolean":
        return as_("none", True, "a code or a measure by its name")
    if type_name in _COUNTS:
        return as_("none", False, "a number")
    return as_(UNCLASSIFIED, False, "nothing tells what it is")
