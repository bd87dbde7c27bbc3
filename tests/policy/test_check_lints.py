"""What `check` says about policies that load but may not be meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lockgate.policy import Finding, check

TABLE = """
people: {ana: {kind: service}}
tests:
  - {who: ana, do: sql.drop clinic/public.patient, expect: deny}
"""
PROFILES = "profiles:\n  one: {stages: [{group: a}]}\n"
ONE = '{ context.satisfied.contains("one") };'
USES = f'@id("uses") @title("t") permit (principal is User, action == Action::"sql.ddl", resource) when {ONE}\n'
FORBID = '@id("it") @title("t") forbid (principal, action, resource)'


def findings(folder: Path, cedar: str, profiles: str = PROFILES, table: str = TABLE) -> list[Finding]:
    (folder / "p.cedar").write_text(USES + cedar)
    (folder / "profiles.yaml").write_text(profiles)
    if table:
        (folder / "tests.yaml").write_text(table)
    return check(folder, today=date(2030, 1, 1))


def permit(scope: str, rest: str = "", notes: str = "") -> str:
    return f'@id("it") @title("t") {notes}\npermit ({scope}, resource) {rest};'


@pytest.mark.parametrize(
    ("cedar", "codes"),
    [
        ("", []),
        (permit('principal, action == Action::"sql.select"'), ["unscoped-permit"]),
        (permit("principal is User, action"), ["no-people", "shown-unasked", "unscoped-permit"]),
        (permit('principal is User, action == Action::"sql.export"'), ["no-people"]),
        (permit('principal is User, action in Action::"sql"'), ["no-people"]),
        (permit('principal is Agent, action == Action::"sql.write"'), ["no-people"]),
        (permit('principal == Agent::"local:bot", action == Action::"sql.write"'), ["no-people"]),
        (permit('principal in Group::"g", action == Action::"sql.grant"'), ["no-people"]),
        (permit('principal is User, action == Action::"sql.write"'), []),
        (permit('principal is Agent, action == Action::"sql.select"'), []),
        # people, really and not only by name
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'when { context.satisfied.contains("one") }',
            ),
            [],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'unless { !context.satisfied.contains("one") }',
            ),
            [],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'when { context.rows < 9 && context.satisfied.containsAny(["one"]) }',
            ),
            [],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'when { context.rows < 9 || context.satisfied.contains("one") }',
            ),
            ["no-people"],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'when { context.satisfied.containsAll(["one"]) || true }',
            ),
            ["no-people"],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'when { !context.satisfied.contains("one") }',
            ),
            ["no-people"],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                'when { if context.rows < 9 then context.satisfied.contains("one") else true }',
            ),
            ["no-people"],
        ),
        (
            permit('principal is Agent, action == Action::"sql.export"', "when { context.asked }"),
            ["no-people"],
        ),
        # an owner and an end
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                notes='@owner("ana") @until("2030-02-01")',
            ),
            [],
        ),
        (permit('principal is Agent, action == Action::"sql.write"', notes='@owner("ana")'), ["no-people"]),
        (
            permit('principal is Agent, action == Action::"sql.write"', notes='@owner("ana") @until("soon")'),
            ["no-end"],
        ),
        (
            permit(
                'principal is Agent, action == Action::"sql.write"',
                notes='@owner("ana") @until("2029-12-31")',
            ),
            ["past-its-end"],
        ),
        # showing
        (permit('principal is User, action == Action::"reveal.date"'), ["shown-unasked"]),
        (permit('principal is User, action in Action::"reveal"', "when { context.asked }"), []),
        (
            permit('principal is User, action == Action::"reveal.date"', notes='@basis("45 CFR 164.514(e)")'),
            [],
        ),
        # the rest
        ('@id("it") permit (principal is User, action == Action::"sql.select", resource);', ["no-title"]),
        (
            f"{FORBID} when {ONE}",
            ["approval-forbids"],
        ),
        (
            f"{FORBID} unless {ONE}",
            [],
        ),
        ("permit (", ["does-not-load"]),
    ],
)
def test_a_policy(tmp_path: Path, cedar: str, codes: list[str]) -> None:
    assert sorted(f.code for f in findings(tmp_path, cedar)) == codes


def test_a_finding_says_where(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "\n\n" + permit('principal is User, action == Action::"sql.export"'))

    assert (found.file, found.line, found.severity) == ("p.cedar", 4, "error")
    assert str(found).startswith('p.cedar:4: error: "it": sql.export is permitted without people')


def test_a_stronger_profile_that_asks_fewer_people_is_out_of_order(tmp_path: Path) -> None:
    profiles = "profiles:\n  one: {stages: [{count: 2, group: a}]}\n  lone: {stages: [{group: a}]}\n"

    assert sorted(f.code for f in findings(tmp_path, "", profiles)) == ["order-of-profiles", "unused-profile"]


def test_a_folder_without_a_table_is_warned_about_and_one_that_fails_is_an_error(tmp_path: Path) -> None:
    assert [(f.severity, f.code) for f in findings(tmp_path, "", table="")] == [("warning", "no-tests")]
    wrong = TABLE.replace("expect: deny", "expect: allow")
    assert [(f.line, f.code) for f in findings(tmp_path, "", table=wrong)] == [(4, "test-fails")]
    assert [f.code for f in findings(tmp_path, "", table="tests: nothing")] == ["does-not-load"]
