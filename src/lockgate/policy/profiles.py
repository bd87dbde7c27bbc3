"""`profiles.yaml`: approval profiles, weakest first. What is wrong is named with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lockgate.errors import PolicyError
from lockgate.policy.model import Profile, Stage
from lockgate.policy.yaml_lines import Located

FILE = "profiles.yaml"
MAX_PROFILES = 8
"""Sets of profiles are tried one by one: eight make 255."""

MAX_DECISION_S = 8 * 3600
MAX_GRANT_S = 3600
MAX_DENIALS = 10
RISKS = ("low", "medium", "high")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_DURATION = re.compile(r"([1-9][0-9]{0,6})(s|m|h)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}


def read_profiles(text: str, file: str = FILE) -> Mapping[str, Profile]:
    """Profiles by name, in their total order, or `PolicyError`."""
    root = Located.parse(text, file)
    top = root.mapping(("profiles",))
    named = top["profiles"].mapping() if "profiles" in top else {}
    if len(named) > MAX_PROFILES:
        raise top["profiles"].error(f"there are more than {MAX_PROFILES} profiles")
    return {name: _profile(name, node, rank) for rank, (name, node) in enumerate(named.items())}


def seconds(node: Located) -> int:
    """`90s`, `5m` or `8h`."""
    match = _DURATION.fullmatch(node.text())
    if match is None:
        raise node.error("this is no duration", hint="write 30s, 5m or 8h")
    return int(match[1]) * _UNIT_S[match[2]]


def _profile(name: str, node: Located, rank: int) -> Profile:
    if not _NAME.fullmatch(name):
        raise node.error(f'"{name}" cannot be the name of a profile', hint="use a-z, 0-9 and -")
    fields = node.mapping(("stages", "decision_ttl", "grant_ttl", "denials", "step_up", "risk"))
    if "stages" not in fields:
        raise node.error(f'the profile "{name}" has no stages')
    stages = tuple(_stage(item) for item in fields["stages"].items())
    if not stages:
        raise fields["stages"].error(f'the profile "{name}" asks nobody')
    if "step_up" in fields:
        raise fields["step_up"].error(
            "votes carry no step-up yet, so nobody could decide under this profile", hint="leave step_up out"
        )
    return Profile(
        name=name,
        stages=stages,
        decision_ttl_s=_at_most(fields.get("decision_ttl"), MAX_DECISION_S, MAX_DECISION_S),
        grant_ttl_s=_at_most(fields.get("grant_ttl"), MAX_GRANT_S, MAX_GRANT_S),
        denials=_denials(fields.get("denials"), sum(stage.count for stage in stages)),
        risk=_one_of(fields.get("risk"), RISKS) or "high",
        rank=rank,
    )


def _stage(node: Located) -> Stage:
    fields = node.mapping(("count", "group"))
    if "group" not in fields:
        raise node.error("a stage names the group that its people are in", hint="{count: 1, group: privacy}")
    group = fields["group"].text()
    if not group:
        raise fields["group"].error("the group of a stage is empty")
    count = fields["count"].integer() if "count" in fields else 1
    if not 1 <= count <= 10:
        raise fields["count"].error("a stage takes between 1 and 10 people")
    return Stage(count, group)


def _denials(node: Located | None, people: int) -> int:
    """How many have to deny to end it: one, or as many as are asked to approve."""
    if node is None:
        return 1
    count = node.integer()
    if not 1 <= count <= min(people, MAX_DENIALS):
        raise node.error(
            f"this is between 1 and the {people} people who are asked", hint="leave it out: one deny ends it"
        )
    return count


def _at_most(node: Located | None, default: int, most: int) -> int:
    if node is None:
        return default
    value = seconds(node)
    if value > most:
        raise node.error(f"this is longer than {most // 3600}h, the most that a profile may give")
    return value


def _one_of(node: Located | None, allowed: tuple[str, ...]) -> str | None:
    if node is None:
        return None
    value = node.text()
    if value not in allowed:
        raise node.error(f"this must be one of {', '.join(allowed)}")
    return value


def undefined(name: str, known: Mapping[str, Profile]) -> PolicyError:
    """For a policy that waits for a profile nobody defined: it would never allow anything."""
    return PolicyError(
        f'the profile "{name}" is not in {FILE}',
        hint=f"known are {', '.join(known) or 'none'}; is it misspelt?",
    )
