"""Every block of the reference page is true: it loads, passes, and prints what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lockgate.action import PHI_CLASSES
from lockgate.cli.policy import app
from lockgate.policy import STARTERS, check, run_table
from lockgate.policy.schema import FAMILIES, OPERATIONS, schema_text

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "page.cedar").write_text("\n".join(blocks("cedar")))
    for text in blocks("yaml"):
        name = "tests.yaml" if "tests:" in text else "profiles.yaml"
        (policy / name).write_text(text)
    return policy


def test_the_policies_and_profiles_of_the_page_are_in_order(folder: Path) -> None:
    assert [f for f in check(folder) if f.severity == "error"] == []


def test_the_table_of_the_page_holds(folder: Path) -> None:
    results = run_table(folder, folder / "tests.yaml")

    assert [(r.name, r.problem) for r in results if not r.passed] == []
    assert len(results) == 4


def test_the_commands_print_what_the_page_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    (console,) = blocks("console")
    shown = re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]
    assert len(shown) == 3
    for part in shown:
        command, _, output = part.partition("\n")
        lockgate, policy, *arguments = shlex.split(command)
        assert (lockgate, policy) == ("lockgate", "policy")
        assert CliRunner().invoke(app, arguments).output == output


def test_the_page_names_every_operation_family_fact_and_set() -> None:
    facts = re.findall(r"^  ([a-z_]+)\??:", schema_text(), re.MULTILINE)
    named = set(re.findall(r"`([A-Za-z_.:\"-]+)`", PAGE))

    assert set(OPERATIONS) <= named
    assert {f'Action::"{family}"' for family in FAMILIES} <= named
    assert set(facts) - {"principal"} <= named
    assert set(STARTERS) <= named


def test_the_schema_has_a_reveal_a_probe_and_a_look_up_for_every_class() -> None:
    for cls in PHI_CLASSES:
        for family in ("reveal", "probe", "lookup"):
            assert f'"{family}.{cls}"' in schema_text()
