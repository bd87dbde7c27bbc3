"""`lockgate policy check`: does a folder load, and does it say anything that its author may not have meant?

An error is something that a careful person would not put in force; a warning is worth a look. `load` is
less strict: it refuses only what cannot be trusted to mean what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from cedarpy import pst

from lockgate.errors import PolicyError
from lockgate.policy.model import Finding, Profile
from lockgate.policy.policyset import PolicySet, parse, read_folder
from lockgate.policy.profiles import FILE as PROFILES
from lockgate.policy.relevance import (
    OPENING,
    compared,
    conjuncts,
    covers,
    named_profiles,
    needs_people,
    reads,
    true_without_people,
)
from lockgate.policy.schema import ACTIONS, CHANGES, NEVER_SET, WORDS, family_of
from lockgate.policy.source import Policy
from lockgate.policy.table import FILE as TABLE
from lockgate.policy.table import read_table, read_text, run_cases

_AT = re.compile(r"(?P<file>[^:]+):(?P<line>[0-9]+): (?P<message>.*)", re.DOTALL)


def check(folder: Path, today: date | None = None) -> list[Finding]:
    """Everything found in a policy folder, errors first; with `today`, permits past their end as well."""
    table = Path(folder) / TABLE
    try:
        files = read_folder(Path(folder))
        text = read_text(table) if table.is_file() else None
    except PolicyError as error:
        return [_broken(error)]
    return check_files(files, text, today)


def check_files(files: Mapping[str, str], table: str | None, today: date | None = None) -> list[Finding]:
    """As `check`, of the text of a set's files and of its decision table."""
    try:
        policies = parse(files)
    except PolicyError as error:
        return [_broken(error)]
    found = [*_lints(policies, today), *_table(policies, table)]
    return sorted(found, key=lambda f: (f.severity != "error", f))


def _broken(error: PolicyError) -> Finding:
    match = _AT.fullmatch(str(error))
    if match is None:
        return Finding("", 0, "error", "does-not-load", str(error))
    return Finding(match["file"], int(match["line"]), "error", "does-not-load", match["message"])


def _lints(policies: PolicySet, today: date | None) -> Iterator[Finding]:
    named: set[str] = set()
    for policy in policies.policies:
        names, unclear = named_profiles(policy.tree)
        named |= set(policies.profiles) if unclear else names
        if not policy.title:
            yield _at(policy, "warning", "no-title", "people will be shown the id: write @title")
        yield from _facts(policy)
        if policy.tree.effect == "permit":
            yield from _permit(policy, today)
        elif any(_lifts(clause) for clause in policy.tree.clauses):
            yield _at(policy, "warning", "approval-forbids", "this forbids because people have approved")
    yield from _profiles(policies, named)


def _facts(policy: Policy) -> Iterator[Finding]:
    """A condition on what is never so: a permit that never permits, or worse, a forbid that never forbids."""
    for fact in sorted(NEVER_SET):
        if reads(policy.tree, fact):
            yield _at(policy, "error", "never-set", f"nothing in this version sets context.{fact}")
    for fact, words in sorted(WORDS.items()):
        for word in sorted(compared(policy.tree, fact) - words):
            known = ", ".join(sorted(words))
            yield _at(policy, "error", "never-set", f'context.{fact} is never "{word}": it is one of {known}')


def _permit(policy: Policy, today: date | None) -> Iterator[Finding]:
    tree = policy.tree
    if isinstance(tree.principal, pst.ScopeAny) or isinstance(tree.action, pst.ScopeAny):
        what = "principal" if isinstance(tree.principal, pst.ScopeAny) else "action"
        yield _at(policy, "error", "unscoped-permit", f"this permit does not say which {what} it is for")
    asks_people = any(_asks_people(clause) for clause in tree.clauses)
    covered = [action for action in ACTIONS if covers(tree, action)]
    risky = [a for a in covered if a == "sql.export" or (a in CHANGES and _may_be_agent(tree.principal))]
    if risky and not asks_people and not _opened_by(tree, OPENING[1:]):
        yield from _lasting(policy, ", ".join(risky), today)
    shows = any(family_of(action) == "reveal" for action in covered)
    if shows and not asks_people and not _opened_by(tree, OPENING) and not tree.annotations.get("basis"):
        yield _at(
            policy,
            "error",
            "shown-unasked",
            'this shows PHI to whoever did not even ask: add context.asked, a profile, or @basis("…") in law',
        )


def _lasting(policy: Policy, what: str, today: date | None) -> Iterator[Finding]:
    """A permit without people needs somebody who answers for it, and an end."""
    owner, until = (policy.tree.annotations.get(key, "") for key in ("owner", "until"))
    if not owner or not until:
        yield _at(
            policy,
            "error",
            "no-people",
            f"{what} is permitted without people: name a profile, or write @owner and @until",
        )
        return
    try:
        end = date.fromisoformat(until)
    except ValueError:
        yield _at(policy, "error", "no-end", "@until is no date: write YYYY-MM-DD")
        return
    if today is not None and end < today:
        yield _at(policy, "error", "past-its-end", f"this was to end on {end.isoformat()}: remove or renew it")


def _profiles(policies: PolicySet, named: set[str]) -> Iterator[Finding]:
    before: Profile | None = None
    for profile in policies.profiles.values():
        if profile.name not in named:
            message = f'no policy asks for the profile "{profile.name}"'
            yield Finding(PROFILES, 1, "warning", "unused-profile", message)
        if before is not None and profile.people < before.people:
            message = f'"{profile.name}" comes after "{before.name}" and asks fewer people: weakest first'
            yield Finding(PROFILES, 1, "error", "order-of-profiles", message)
        before = profile


def _table(policies: PolicySet, table: str | None) -> Iterator[Finding]:
    if table is None:
        yield Finding(TABLE, 1, "warning", "no-tests", "there is no decision table: write one, it is the spec")
        return
    try:
        results = run_cases(policies, read_table(table))
    except PolicyError as error:
        yield _broken(error)
        return
    for result in results:
        if not result.passed:
            yield Finding(TABLE, result.line, "error", "test-fails", f"{result.name}: {result.problem}")


def _asks_people(clause: pst.Clause) -> bool:
    if isinstance(clause, pst.When):
        return needs_people(clause.expr)
    return true_without_people(clause.expr)


def _lifts(clause: pst.Clause) -> bool:
    """A forbid that comes into being by an approval: `forbid … when { satisfied.contains(…) }`."""
    return isinstance(clause, pst.When) and needs_people(clause.expr)


def _opened_by(tree: pst.Template, facts: Sequence[pst.GetAttr]) -> bool:
    """Whether the permit needs one of `facts`: the class to be named, or the glass to be broken."""
    return any(
        isinstance(clause, pst.When) and any(part in facts for part in conjuncts(clause.expr))
        for clause in tree.clauses
    )


def _may_be_agent(principal: pst.PrincipalOrResourceConstraint) -> bool:
    if isinstance(principal, pst.ScopeIs | pst.ScopeIsIn):
        return principal.entity_type.basename == "Agent"
    if isinstance(principal, pst.ScopeEq) and isinstance(principal.entity, pst.EntityUid):
        return principal.entity.type.basename == "Agent"
    return True


def _at(policy: Policy, severity: str, code: str, message: str) -> Finding:
    return Finding(policy.file, policy.line, severity, code, f'"{policy.id}": {message}')
