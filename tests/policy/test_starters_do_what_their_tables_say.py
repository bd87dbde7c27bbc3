"""Each shipped set against its own decision table, and against what every set must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockgate.action import PHI_CLASSES, Effect, Kind, Principal, Question, Requester
from lockgate.errors import PolicyError
from lockgate.policy import STARTERS, Query, check, load, run_table, starter, write_starters
from lockgate.policy.schema import OPERATIONS

NEVER = {
    "sql.drop",
    "sql.files",
    "sql.admin",
    "sql.code",
    "sql.declassify",
    "sql.overwrite_masked",
}


@pytest.mark.parametrize("name", STARTERS)
def test_its_decision_table_holds(name: str) -> None:
    results = run_table(starter(name), starter(name) / "tests.yaml")

    assert [f"{r.line}: {r.name}: {r.problem}" for r in results if not r.passed] == []
    assert len(results) >= 8


@pytest.mark.parametrize("name", STARTERS)
def test_check_finds_nothing_in_it(name: str) -> None:
    assert check(starter(name)) == []


@pytest.mark.parametrize("name", STARTERS)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("operation", sorted(NEVER))
def test_what_is_never_allowed_is_denied_to_all_with_every_profile_met(name: str, kind: Kind, operation: str) -> None:
    policies = load(starter(name))
    everywhere = frozenset({"analysts", "clinicians", "modelers", "break-glass", "privacy", "data-owner"})
    somebody = Requester(Principal("local", "x", kind, everywhere), "key", owners=frozenset({"local:ana"}))
    query = Query(somebody, (Question(operation, "clinic/analytics.t"),))

    assert policies.decide(query, frozenset(policies.profiles)).effect is Effect.DENY


@pytest.mark.parametrize("name", STARTERS)
def test_a_stranger_may_do_nothing_whatever_people_say(name: str) -> None:
    policies = load(starter(name))
    stranger = Requester(Principal("local", "x", Kind.HUMAN), "key")
    for operation in OPERATIONS:
        decision = policies.decide(Query(stranger, (Question(operation, "clinic/public.patient"),)))
        assert decision.effect is Effect.DENY


@pytest.mark.parametrize("name", STARTERS)
def test_no_direct_identifier_is_shown_to_an_agent_unasked_even_after_approval(name: str) -> None:
    policies = load(starter(name))
    agent = Requester(Principal("local", "bot", Kind.AGENT), "key", owners=frozenset({"local:ana"}))
    query = Query(agent, (Question("sql.select", "clinic/public.patient"),), classes=frozenset(PHI_CLASSES))

    shown = policies.decide(query, frozenset(policies.profiles)).revealed

    assert shown <= {"date", "geo"}


def test_sets_agree_on_the_files_that_they_share() -> None:
    texts: dict[str, set[str]] = {}
    for name in STARTERS:
        for path in starter(name).glob("*"):
            if path.name != "tests.yaml":
                texts.setdefault(path.name, set()).add(path.read_text())
    assert {file for file, versions in texts.items() if len(versions) > 1} == set()


def test_all_sets_together_make_one_policy(tmp_path: Path) -> None:
    written = write_starters(tuple(STARTERS), tmp_path / "policy")

    assert {p.name for p in written} >= {"base.cedar", "agents.cedar", "clinicians.cedar", "profiles.yaml"}
    assert len(load(tmp_path / "policy").policies) > len(load(starter("ai-agents")).policies)


def test_one_set_is_written_with_its_table_and_never_over_another(tmp_path: Path) -> None:
    write_starters(("ai-agents",), tmp_path)

    assert check(tmp_path) == []
    with pytest.raises(PolicyError, match="holds policies already"):
        write_starters(("break-glass",), tmp_path)


def test_an_unknown_set_is_named_with_what_there_is() -> None:
    with pytest.raises(PolicyError, match=r'no starter set "hippa".*choose from hipaa-minimum-necessary'):
        starter("hippa")
