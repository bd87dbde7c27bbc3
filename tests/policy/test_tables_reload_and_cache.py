"""Tables say where they fail; a broken set never comes into force; kept decisions are bounded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from lockgate.action import Effect
from lockgate.errors import PolicyError
from lockgate.policy import Context, PolicyHolder, policyset, run_table, starter, write_starters

HEAD = "people:\n  ana: {groups: [analysts]}\n  bot: {kind: agent, owners: [ana]}\ntests:\n"


def results(tmp_path: Path, text: str):
    table = tmp_path / "mine.yaml"
    table.write_text(HEAD + text)
    return run_table(starter("ai-agents"), table)


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("do: sql.drop c/s.t, expect: allow", "expected allow, got deny"),
        (
            "do: sql.export c/s.t, expect: require two-person",
            "expected require two-person, got require one-reviewer",
        ),
        (
            "do: sql.select c/s.t, classes: [ssn], expect: allow, masked: []",
            "expected masked nothing, got ssn",
        ),
        (
            "do: sql.select c/s.t, classes: [ssn], expect: allow, shown: [ssn]",
            "expected shown ssn, got nothing",
        ),
        ("do: sql.select c/s.t, expect: allow, because: other", "other is not among the reasons"),
    ],
)
def test_a_case_that_comes_out_differently_says_how(tmp_path: Path, case: str, problem: str) -> None:
    (result,) = results(tmp_path, f"  - {{who: bot, {case}}}\n")

    assert (result.passed, result.problem, result.line) == (False, problem, 5)


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("who: bot, expect: deny", r'mine.yaml:5: a test says "do"'),
        ("who: eve, do: sql.drop c, expect: deny", r'mine.yaml:5: nobody is called "eve"'),
        ("who: bot, do: sql.dorp c, expect: deny", r'mine.yaml:5: "do" is an operation and a resource'),
        ("who: bot, do: sql.drop, expect: deny", r'mine.yaml:5: "do" is an operation'),
        ("who: bot, do: sql.drop c, expect: maybe", r'mine.yaml:5: "expect" is'),
        ("who: bot, do: sql.drop c, expect: require", r'mine.yaml:5: "expect" is'),
        ("who: bot, do: sql.drop c, expect: allow one-reviewer", r'mine.yaml:5: "expect" is'),
        ("who: bot, do: sql.drop c, expect: deny, clases: [ssn]", r'mine.yaml:5: .*did you mean "classes"'),
        ("who: bot, do: sql.drop c, expect: deny, classes: [nhs]", r'mine.yaml:5: "nhs" is no PHI class'),
        ("who: bot, do: sql.drop c, expect: deny, rows: few", r"mine.yaml:5: a whole number"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path: Path, case: str, error: str) -> None:
    with pytest.raises(PolicyError, match=error):
        results(tmp_path, f"  - {{{case}}}\n")


def test_an_empty_table_does_not_pass(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no test in this table"):
        results(tmp_path, "  []\n")


def test_a_broken_set_is_refused_and_the_old_one_stays(tmp_path: Path, ask) -> None:
    write_starters(("ai-agents",), tmp_path)
    holder = PolicyHolder(tmp_path)
    before = holder.current
    (tmp_path / "more.cedar").write_text("permit (")

    with pytest.raises(PolicyError, match=r"more\.cedar:1"):
        holder.reload()
    assert holder.current is before


def test_a_good_set_comes_into_force_whole_and_says_what_changed(tmp_path: Path, ask) -> None:
    write_starters(("ai-agents",), tmp_path)
    holder = PolicyHolder(tmp_path)
    before = holder.current
    query = ask("sql.select clinic/public.patient")
    assert before.decide(query).effect is Effect.DENY
    (tmp_path / "more.cedar").write_text(
        '@id("ana") @title("Ana reads")'
        ' permit (principal == User::"local:ana", action == Action::"sql.select", resource);'
    )

    after = holder.reload()

    assert holder.current is after
    assert after.digest != before.digest
    assert after.decide(query).effect is Effect.ALLOW, "nothing decided under the old set is kept"
    assert before.decide(query).effect is Effect.DENY, "whoever took the old set finishes with it"
    assert after.changes_from(before)["policies"] == {"added": ["ana"], "removed": [], "changed": []}


def test_reloading_what_has_not_changed_changes_nothing(tmp_path: Path) -> None:
    write_starters(("ai-agents",), tmp_path)
    holder = PolicyHolder(tmp_path)
    before = holder.current

    assert holder.reload() is before


def test_what_differs_in_anything_is_decided_by_itself(policies, ask) -> None:
    ps = policies(
        '@id("r") permit (principal is User, action == Action::"sql.select", resource)'
        ' when { context.rows < 10 && context.destination == "client" };'
    )
    query = ask("sql.select c/s.t")

    assert ps.decide(query).allowed
    assert not ps.decide(replace(query, context=Context(rows=11))).allowed
    assert not ps.decide(replace(query, context=Context(destination="file"))).allowed
    assert ps.decide(query) is ps.decide(replace(query))


def test_kept_decisions_are_bounded_and_threads_may_share_them(policies, ask, monkeypatch) -> None:
    monkeypatch.setattr(policyset, "CACHED_DECISIONS", 16)
    ps = policies(
        '@id("r") permit (principal is User, action == Action::"sql.select", resource) when { context.rows < 50 };'
    )
    asked = [ask("sql.select c/s.t", context=Context(rows=rows)) for rows in range(100)] * 3

    with ThreadPoolExecutor(8) as pool:
        allowed = [d.allowed for d in pool.map(ps.decide, asked)]

    assert allowed == [q.context.rows < 50 for q in asked]
    assert len(ps._cache) <= 16
