"""Decision tables: what policy must answer, in YAML, run by `lockgate policy test` and in CI.

people:
  bot: {kind: agent, owners: [ana]}
tests:
  - name: an agent does not drop
    who: bot
    do: sql.drop clinic/public.patient
    expect: deny
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockgate.action import PHI_CLASSES, Decision, Effect, Kind, Principal, Question, Requester
from lockgate.errors import PolicyError
from lockgate.policy.model import Context, Query
from lockgate.policy.policyset import PolicySet, load
from lockgate.policy.schema import OPERATIONS
from lockgate.policy.yaml_lines import Located

FILE = "tests.yaml"
ISSUER = "local"
_PERSON = ("kind", "groups", "owners")
_FACTS = (
    "purpose",
    "purpose_vouched",
    "satisfied",
    "break_glass",
    "rows",
    "destination",
    "address",
    "hour",
    "auth",
)
_SETS = ("classes", "probes", "lookups", "reveal", "clean")
_WANTED = ("expect", "masked", "shown", "because")
_CASE = ("name", "who", "for", "through", "do", *_SETS, *_FACTS, *_WANTED)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the table; `owners` answer for an agent or a service."""

    principal: Principal
    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One row: a query and what must come out. None means that the table does not care."""

    name: str
    line: int
    query: Query
    effect: Effect
    profiles: frozenset[str]
    masked: frozenset[str] | None
    shown: frozenset[str] | None
    because: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out; `problem` is empty where it is what the table says."""

    name: str
    line: int
    problem: str
    decision: Decision

    @property
    def passed(self) -> bool:
        return not self.problem


def run_table(folder: Path, table: Path) -> list[Result]:
    """Every case of the file `table` under the policies of `folder`, or `PolicyError`."""
    text = read_text(Path(table))
    return run_cases(load(folder), read_table(text, Path(table).name))


def read_text(table: Path) -> str:
    """The text of a decision table, or `PolicyError`."""
    try:
        return table.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{table.name}:1: this file cannot be read as UTF-8 text") from error


def run_cases(policies: PolicySet, cases: list[Case]) -> list[Result]:
    """Every case under `policies`."""
    results = []
    for case in cases:
        decision = policies.decide(case.query)
        results.append(Result(case.name, case.line, "; ".join(_differences(case, decision)), decision))
    return results


def read_table(text: str, file: str = FILE) -> list[Case]:
    """The cases of a decision table, or `PolicyError` at the line."""
    root = Located.parse(text, file)
    top = root.mapping(("people", "tests"))
    people = {name: _person(name, node) for name, node in (top["people"].mapping() if "people" in top else {}).items()}
    cases = [_case(node, people) for node in (top["tests"].items() if "tests" in top else [])]
    if not cases:
        raise root.error("there is no test in this table")
    return cases


def _person(name: str, node: Located) -> Person:
    fields = node.mapping(_PERSON)
    kind = _kind(fields["kind"]) if "kind" in fields else Kind.HUMAN
    principal = Principal(ISSUER, name, kind, frozenset(_texts(fields, "groups")))
    return Person(principal, frozenset(f"{ISSUER}:{owner}" for owner in _texts(fields, "owners")))


def _kind(node: Located) -> Kind:
    try:
        return Kind(node.text())
    except ValueError:
        raise node.error("a kind is human, agent or service") from None


def _case(node: Located, people: Mapping[str, Person]) -> Case:
    fields = node.mapping(_CASE)
    for needed in ("who", "do", "expect"):
        if needed not in fields:
            raise node.error(f'a test says "{needed}"')
    for key in ("classes", "probes", "lookups", "reveal", "masked", "shown"):
        for name in _texts(fields, key):
            if name not in PHI_CLASSES:
                raise fields[key].error(f'"{name}" is no PHI class', hint=f"known are {', '.join(PHI_CLASSES)}")
    effect, profiles = _expected(fields["expect"])
    return Case(
        name=fields["name"].text() if "name" in fields else f"line {node.line}",
        line=node.line,
        query=_query(fields, people),
        effect=effect,
        profiles=profiles,
        masked=frozenset(_texts(fields, "masked")) if "masked" in fields else None,
        shown=frozenset(_texts(fields, "shown")) if "shown" in fields else None,
        because=frozenset(_texts(fields, "because")),
    )


def _query(fields: Mapping[str, Located], people: Mapping[str, Person]) -> Query:
    who = _known(fields["who"], fields["who"].text(), people)
    behalf = _known(fields["for"], fields["for"].text(), people) if "for" in fields else None
    actors = [_known(fields["through"], name, people) for name in _texts(fields, "through")]
    involved = [who, *actors, *([behalf] if behalf else [])]
    sets = {key: frozenset(_texts(fields, key)) for key in _SETS}
    return Query(
        requester=Requester(
            principal=who.principal,
            credential_id="table",
            actors=tuple(a.principal for a in actors),
            on_behalf_of=behalf.principal if behalf else None,
            owners=frozenset().union(*(p.owners for p in involved)),
        ),
        questions=_questions(fields["do"]),
        context=_context(fields, sets["classes"]),
        **sets,
    )


def _context(fields: Mapping[str, Located], classes: frozenset[str]) -> Context:
    def text(key: str, default: str) -> str:
        return fields[key].text() if key in fields else default

    def number(key: str) -> int:
        return fields[key].integer() if key in fields else 0

    def flag(key: str) -> bool:
        return key in fields and fields[key].boolean()

    return Context(
        purpose=text("purpose", ""),
        satisfied=frozenset(_texts(fields, "satisfied")),
        break_glass=flag("break_glass"),
        classes=classes,
        rows=number("rows"),
        destination=text("destination", "client"),
        address=text("address", ""),
        hour=number("hour"),
        auth=text("auth", ""),
        purpose_vouched=flag("purpose_vouched"),
    )


def _questions(node: Located) -> tuple[Question, ...]:
    found = []
    for text in node.texts():
        operation, _, resource = text.partition(" ")
        if operation not in OPERATIONS or not resource.strip():
            raise node.error('"do" is an operation and a resource', hint="sql.select clinic/public.patient")
        found.append(Question(operation, resource.strip()))
    return tuple(found)


def _expected(node: Located) -> tuple[Effect, frozenset[str]]:
    """`allow`, `deny`, or `require` and the names of profiles."""
    word, *names = re.split(r"[\s,]+", node.text().strip())
    if word not in [e.value for e in Effect] or bool(names) != (word == Effect.REQUIRE.value):
        raise node.error('"expect" is allow, deny or require PROFILE …')
    return Effect(word), frozenset(names)


def _known(node: Located, name: str, people: Mapping[str, Person]) -> Person:
    if name not in people:
        raise node.error(f'nobody is called "{name}" here', hint='write them down under "people"')
    return people[name]


def _texts(fields: Mapping[str, Located], key: str) -> tuple[str, ...]:
    return fields[key].texts() if key in fields else ()


def _differences(case: Case, decision: Decision) -> list[str]:
    found = []
    if (decision.effect, frozenset(decision.profiles)) != (case.effect, case.profiles):
        found.append(f"expected {_said(case.effect, case.profiles)}, got {_said(decision.effect, decision.profiles)}")
    for what, wanted, got in (
        ("masked", case.masked, decision.masked),
        ("shown", case.shown, decision.revealed),
    ):
        if wanted is not None and wanted != got:
            found.append(f"expected {what} {_listed(wanted)}, got {_listed(got)}")
    missing = case.because - {reason.policy_id for reason in decision.reasons}
    if missing:
        found.append(f"{_listed(missing)} is not among the reasons")
    return found


def _said(effect: Effect, profiles: frozenset[str] | tuple[str, ...]) -> str:
    return " ".join([effect.value, *sorted(profiles)])


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
