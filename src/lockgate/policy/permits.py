"""A permit drafted from one request: that principal, that statement with any values, that destination, up to a date.

`cedar` is what comes into force once people have approved it, `words` what they read beside it. Each condition
narrows: what is not named in the request is not permitted, and a `forbid` still forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lockgate.action import Principal, Question
from lockgate.policy.schema import ENTITY_OF

FOLDER = "allowed/"
"""The file names of permits begin so. No file of the policy folder may."""

LONGEST_DAYS = 90

NEVER = frozenset(
    {"sql.grant", "sql.admin", "sql.code", "sql.files", "sql.drop", "sql.declassify", "sql.overwrite_masked"}
    | {"vault.reveal", "vault.forget"}
)
"""What nobody does unasked for months: each of these is put before people each time."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be repeated, as one request did it. `id` is the request that people approve it by, `of` the one that it
    repeats; `rows` is the most that may be estimated; a cap of 0 is none; `author` drafted it."""

    id: str
    of: str
    author: str
    until: date
    acting: tuple[Principal, ...]
    statement: str
    questions: tuple[Question, ...]
    classes: frozenset[str]
    probes: frozenset[str]
    lookups: frozenset[str]
    reveal: frozenset[str]
    masks: frozenset[str]
    address: str
    destination: str
    rows: int
    row_cap: int
    byte_cap: int

    @property
    def file(self) -> str:
        return f"{FOLDER}{self.id}.cedar"


def date_of(at: int) -> date:
    """The day of an instant, UTC."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).date()


def day(when: date) -> int:
    """As Cedar compares it: 20261231."""
    return when.year * 10_000 + when.month * 100 + when.day


def cedar(allowance: Allowance) -> str:
    """One permit for each principal of the chain and each resource; all of them with every condition."""
    conditions = " &&\n  ".join(_conditions(allowance))
    resources = sorted({q.resource for q in allowance.questions})
    permits: list[str] = []
    for principal in allowance.acting:
        for resource in resources:
            actions = ", ".join(f"Action::{_quoted(name)}" for name in _actions(allowance, resource))
            kind = "Relation" if "/" in resource else "Connection"
            permits.append(
                f"@id({_quoted(f'{FOLDER}{allowance.id}/{len(permits) + 1}')})\n"
                f"@title({_quoted(_title(allowance))})\n"
                f"@owner({_quoted(allowance.author)})\n"
                f"@until({_quoted(allowance.until.isoformat())})\n"
                "permit (\n"
                f"  principal == {ENTITY_OF[principal.kind]}::{_quoted(principal.id)},\n"
                f"  action in [{actions}],\n"
                f"  resource == {kind}::{_quoted(resource)}\n"
                f") when {{\n  {conditions}\n}};\n"
            )
    return "\n".join(permits)


def words(allowance: Allowance) -> tuple[str, ...]:
    """The same, one line a condition."""

    def listed(names: Iterable[str], none: str) -> str:
        return ", ".join(sorted(names)) or none

    named = {
        "for": ", for ".join(p.id for p in allowance.acting),
        "up to and with": f"{allowance.until.isoformat()} (UTC)",
        "only": "; ".join(f"{q.operation} on {q.resource}" for q in sorted(allowance.questions)),
        "statement": "the one below, with any values; the same search_path, tables and columns",
        "classes reached": listed(allowance.classes, "none"),
        "searched by": listed(allowance.probes, "no hidden value"),
        "looked up by": listed(allowance.lookups, "no record number"),
        "shown unmasked": listed(allowance.reveal, "none"),
        "masked by": listed((mask.replace("=", " ") for mask in allowance.masks), "nothing"),
        "from": allowance.address or "a local socket",
        "to": allowance.destination,
        "at most": f"{allowance.rows} rows, as estimated each time; an unknown number is outside",
        "cut at": f"{allowance.row_cap or 'no number of'} rows, {allowance.byte_cap or 'no number of'} bytes",
        "not bound": "the purpose that is stated, and the credential: any of theirs may be used",
    }
    return tuple(f"{key}: {value}" for key, value in named.items())


def _title(allowance: Allowance) -> str:
    return f"{allowance.acting[0].id} repeats {allowance.of} unasked until {allowance.until.isoformat()}"


def _actions(allowance: Allowance, resource: str) -> list[str]:
    """What is asked of policy about one resource: `policy.steps.questions`."""
    return [
        *sorted({q.operation for q in allowance.questions if q.resource == resource}),
        *(f"probe.{cls}" for cls in sorted(allowance.probes)),
        *(f"lookup.{cls}" for cls in sorted(allowance.lookups)),
        *(f"reveal.{cls}" for cls in sorted(allowance.reveal)),
    ]


def _conditions(allowance: Allowance) -> Iterator[str]:
    yield f"context.statement == {_quoted(allowance.statement)}"
    yield f"context.today > 0 && context.today <= {day(allowance.until)}"
    yield f"context.acting == {_set(p.id for p in allowance.acting)}"
    for name in ("classes", "probes", "lookups", "reveal", "masks"):
        granted: frozenset[str] = getattr(allowance, name)
        yield f"{_set(granted)}.containsAll(context.{name})" if granted else f"context.{name}.isEmpty()"
    yield f"context.destination == {_quoted(allowance.destination)}"
    if allowance.address:
        yield f"context has address && context.address == ip({_quoted(allowance.address)})"
    else:
        yield "!(context has address)"
    yield f"context.rows > 0 && context.rows <= {allowance.rows}"
    for name in ("row_cap", "byte_cap"):
        if cap := getattr(allowance, name):
            yield f"context.{name} > 0 && context.{name} <= {cap}"
    yield "context.asked"  # what nobody named is not shown by it


def _set(names: Iterable[str]) -> str:
    return f"[{', '.join(_quoted(name) for name in sorted(names))}]"


def _quoted(text: str) -> str:
    """A Cedar string: whatever could end it, or is not ASCII, is escaped."""
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in text) + '"'
