"""Cedar text into policies that know their file and line.

Cedar numbers policies by position and reports errors without a line, so each statement is cut out and
parsed by itself; its `@id` becomes its real id, and diagnostics speak of it by that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import cedarpy
from cedarpy import pst

from lockgate.errors import PolicyError
from lockgate.policy.schema import schema

NO_PERMIT = "no-permit"
NOT_EVALUATED = "not-evaluated"
NOTHING_ASKED = "nothing-asked"
TOO_MANY = "too-many-questions"
RESERVED_IDS = frozenset({NO_PERMIT, NOT_EVALUATED, NOTHING_ASKED, TOO_MANY})
"""Reasons of Lockgate's own, where no policy gave one."""

DEEPEST = 50
MOST_OPERATORS = 1000
"""Of one policy. Cedar's parser checks no depth: a thousand brackets overflow its stack, and the process with it."""

_SPENDS = re.compile(r"&&|\|\||[!.+*<>=-]|\b(?:if|in|has|like|is)\b")
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*', re.DOTALL)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


@dataclass(frozen=True, slots=True)
class Policy:
    """One `permit` or `forbid`: where it stands, what it is called, and its tree."""

    id: str
    title: str
    file: str
    line: int
    text: str = field(repr=False)
    tree: pst.Template = field(repr=False)
    cedar_json: Mapping[str, Any] = field(repr=False)

    @property
    def at(self) -> str:
        return f"{self.file}:{self.line}"


def read_policies(files: Mapping[str, str]) -> tuple[Policy, ...]:
    """Parse and validate every policy of `files` (name to text), or `PolicyError` naming file and line."""
    policies = tuple(p for name in sorted(files) for p in _read_file(name, files[name]))
    if not policies:
        raise PolicyError("there is no policy at all", hint="put at least one .cedar file into the folder")
    seen: dict[str, Policy] = {}
    for policy in policies:
        if policy.id in seen:
            raise PolicyError(f'{policy.at}: the id "{policy.id}" is taken by the policy at {seen[policy.id].at}')
        seen[policy.id] = policy
    _validate(policies)
    return policies


def statements(name: str, text: str) -> Iterator[tuple[int, str]]:
    """The statements of Cedar text and the line on which each starts (comments before it do not count)."""
    start: int | None = None
    i = 0
    while i < len(text):
        char = text[i]
        if text.startswith("//", i):
            end = text.find("\n", i)
            i = len(text) if end < 0 else end
            continue
        if start is None and not char.isspace():
            start = i
        if char == '"':
            i = _end_of_string(name, text, i)
        elif char == ";" and start is not None:
            yield _line(text, start), text[start : i + 1]
            start = None
        i += 1
    if start is not None:
        raise PolicyError(f"{name}:{_line(text, start)}: a policy starts here and does not end with a semicolon")


def _end_of_string(name: str, text: str, start: int) -> int:
    i = start + 1
    while i < len(text) and text[i] != '"':
        i += 2 if text[i] == "\\" else 1
    if i >= len(text):
        raise PolicyError(f"{name}:{_line(text, start)}: a string starts here and does not end")
    return i


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _read_file(name: str, text: str) -> Iterator[Policy]:
    for line, statement in statements(name, text):
        at = f"{name}:{line}"
        _refuse_deep(at, statement)
        try:
            parsed = json.loads(cedarpy.policies_to_json_str(statement))
            trees = cedarpy.policies_to_pst(statement).static_policies
        except ValueError as error:
            raise PolicyError(f"{at}: {error}", hint="in the policy that starts on this line") from error
        if parsed["templates"] or len(parsed["staticPolicies"]) != 1:
            raise PolicyError(f"{at}: templates (?principal, ?resource) are not used here")
        (tree,) = trees.values()
        (cedar_json,) = parsed["staticPolicies"].values()
        id = tree.annotations.get("id", "")
        if not id:
            raise PolicyError(f"{at}: this policy has no @id", hint='write @id("a-name") before it')
        if not _ID.fullmatch(id) or id in RESERVED_IDS:
            raise PolicyError(f"{at}: this @id cannot be used", hint="letters, digits and ._:/- ; some are taken")
        yield Policy(id, tree.annotations.get("title", ""), name, line, statement, tree, cedar_json)


def _refuse_deep(at: str, statement: str) -> None:
    bare = _STRING_OR_COMMENT.sub("", statement)
    depth = deepest = 0
    for char in bare:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST or sum(1 for _ in _SPENDS.finditer(bare)) > MOST_OPERATORS:
        raise PolicyError(f"{at}: this policy is nested too deeply or too long", hint="write it as several policies")


def _validate(policies: tuple[Policy, ...]) -> None:
    result = cedarpy.validate_policies("\n".join(p.text for p in policies), schema())
    if result.validation_passed:
        return
    for error in result.errors:
        number = error.policy_id.removeprefix("policy")
        if number.isdecimal() and int(number) < len(policies):
            policy = policies[int(number)]
            what = error.error.removeprefix(f"for policy `{error.policy_id}`, ")
            raise PolicyError(f"{policy.at}: {what}", hint=f'in the policy "{policy.id}"')
    raise PolicyError("the policies do not fit the schema: " + "; ".join(e.error for e in result.errors))
