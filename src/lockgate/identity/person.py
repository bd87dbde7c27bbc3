"""A person (or agent, or service) as the directory knows it, with what the rules of approval need of its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """`groups` says since when; `changed_by` who changed a group of theirs, when, and which; `linked` the same human's
    accounts."""

    id: str
    kind: str
    groups: Mapping[str, int]
    created_at: int
    created_by: str
    changed_by: tuple[tuple[str, int, str], ...]
    active: bool
    linked: frozenset[str]
