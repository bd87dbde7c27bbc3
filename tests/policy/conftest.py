"""A small hand to write policies and queries with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lockgate.action import Kind, Principal, Question, Requester
from lockgate.policy import PolicySet, Query, parse

PROFILES = """
profiles:
  light: {stages: [{group: a}]}
  middle: {stages: [{group: b}]}
  heavy: {stages: [{count: 2, group: c}]}
"""


@pytest.fixture
def policies() -> Callable[..., PolicySet]:
    def make(cedar: str, profiles: str = PROFILES) -> PolicySet:
        return parse({"one.cedar": cedar, "profiles.yaml": profiles})

    return make


@pytest.fixture
def ask() -> Callable[..., Query]:
    """`ask("sql.select clinic/public.patient", classes={"ssn"})`, as Ana."""

    def make(*do: str, by: Requester | None = None, **facts: Any) -> Query:
        questions = tuple(Question(*text.split()) for text in do)
        sets = {k: frozenset(v) if isinstance(v, set) else v for k, v in facts.items()}
        return Query(by or Requester(Principal("local", "ana", Kind.HUMAN), "key-1"), questions, **sets)

    return make
