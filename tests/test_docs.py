"""What the documentation shows is true: YAML loads, SQL is answered, commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.gateways.postgres.classify.parse import parse
from lockgate.server.config import load_config

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (page.name, text)
        for page in PAGES
        if page.name != "policy.md"  # has a test of its own
        for found, text in BLOCK.findall(page.read_text())
        if found == language
    ]


@pytest.mark.parametrize(("page", "text"), blocks("yaml"), ids=lambda value: value[:20])
def test_yaml_is_a_configuration(page, text, tmp_path, monkeypatch):
    for name in ("CLINIC_PASSWORD", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SMTP_PASSWORD", "PAGERDUTY_KEY"):
        monkeypatch.setenv(name, "x")
    (tmp_path / "tls").mkdir()
    for name in ("server.pem", "server.key"):
        (tmp_path / "tls" / name).write_text("x")
    (tmp_path / "lockgate.yaml").write_text(text)
    assert load_config(tmp_path / "lockgate.yaml").connections["clinic"].target.database == "clinic"


@pytest.mark.parametrize(("page", "text"), blocks("sql"), ids=lambda value: value[:20])
def test_sql_parses_and_the_tutorials_is_answered(page, text, gate):
    statements = parse(text.encode())
    assert statements
    if page != "tutorial.md" or "COPY" in text or "reveal" in text:
        return
    with gate.connect() as agent:
        for statement in statements:
            assert agent.execute(statement.text).fetchall()


@pytest.mark.parametrize(("page", "text"), blocks("python"), ids=lambda value: value[:20])
def test_python_compiles(page, text):
    compile(text, page, "exec")


def test_every_command_that_is_shown_exists():
    shown = {
        tuple(word for word in line.split()[1:3] if re.fullmatch(r"[a-z-]+", word))
        for page in PAGES
        for language, text in BLOCK.findall(page.read_text())
        for line in text.splitlines()
        if not language and line.startswith("lockgate ")
    }
    assert shown
    runner = CliRunner()
    for words in shown:
        tried = [words, words[:1]]
        assert any(runner.invoke(app, [*command, "--help"]).exit_code == 0 for command in tried), words


def test_every_link_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
