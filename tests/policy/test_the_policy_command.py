"""`lockgate policy check | explain | test`: what is printed and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lockgate.cli.policy import app
from lockgate.policy import starter

AGENTS = ["--folder", str(starter("ai-agents"))]
BOT = ["--who", "bot", "--kind", "agent", "--owner", "ana"]


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(args))
    return result.exit_code, result.output


def test_check_of_a_good_folder() -> None:
    assert run("check", *AGENTS) == (0, "20 policies, 2 profiles: nothing found\n")
    assert run("check", "--strict", "--json", *AGENTS) == (0, "[]\n")


def test_check_of_a_broken_folder_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text("")
    (tmp_path / "a.cedar").write_text("\npermit (")

    status, said = run("check", "--folder", str(tmp_path))

    assert status == 1
    assert said.startswith("a.cedar:2: error: ")
    assert json.loads(run("check", "--json", "--folder", str(tmp_path))[1])[0]["line"] == 2


def test_warnings_count_only_when_strict(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text("")
    (tmp_path / "a.cedar").write_text('@id("a") permit (principal is User, action == Action::"sql.select", resource);')

    assert run("check", "--folder", str(tmp_path))[0] == 0
    assert run("check", "--strict", "--folder", str(tmp_path))[0] == 1


def test_explain_says_who_must_agree_and_why() -> None:
    status, said = run("explain", *AGENTS, *BOT, "--class", "ssn", "sql.export clinic/public.patient")

    assert status == 0
    assert said.splitlines() == [
        "require approval: one-reviewer",
        "  needs people local:bot: sql.export on clinic/public.patient",
        "               A reviewer agrees before an agent carries rows off (agents-export)",
        "  masked: ssn",
    ]


def test_explain_says_what_stands_against_it() -> None:
    said = run("explain", *AGENTS, *BOT, "sql.drop clinic/public.patient")[1]

    assert said.startswith("deny\n")
    assert "(never-through-the-gate)" in said


def test_explain_for_programs() -> None:
    said = json.loads(
        run(
            "explain",
            "--json",
            *AGENTS,
            *BOT,
            "--reveal",
            "ssn",
            "--class",
            "mrn",
            "sql.select clinic/public.p",
        )[1]
    )
    assert (said["effect"], said["profiles"]) == ("require", ["one-reviewer"])
    assert (said["revealed"], said["masked"]) == (["ssn"], ["mrn"])
    assert [q["outcome"] for q in said["questions"]] == ["allowed", "needs people"]


@pytest.mark.parametrize(
    "args",
    [
        [*AGENTS, *BOT, "sql.select"],
        [*AGENTS, *BOT, "--class", "nhs", "sql.select clinic"],
        ["--folder", "nowhere", *BOT, "sql.select clinic"],
    ],
)
def test_explain_of_what_cannot_be_read_is_two(args: list[str]) -> None:
    assert run("explain", *args)[0] == 2


def test_test_runs_the_table() -> None:
    status, said = run("test", *AGENTS)
    assert (status, said.endswith("as the table says\n")) == (0, True)


def test_test_fails_with_the_line(tmp_path: Path) -> None:
    table = tmp_path / "t.yaml"
    table.write_text("people: {ana: {}}\ntests:\n  - {who: ana, do: sql.select clinic, expect: allow}\n")

    status, said = run("test", *AGENTS, "--table", str(table))

    assert status == 1
    assert said.splitlines() == ["t.yaml:3: line 3: expected allow, got deny", "0 of 1 as the table says"]
    assert run("test", *AGENTS, "--table", str(tmp_path / "none.yaml"))[0] == 2


@pytest.mark.parametrize("command", ["check", "explain", "test"])
def test_help_has_an_example(command: str) -> None:
    assert f"lockgate policy {command}" in " ".join(run(command, "--help")[1].split())
