"""A plugin of pytest: the red team's run as a page of the docs, for `make redteam` (`-p what_was_tried --page FILE`).

The page says no more than the run did: each attempt with what came back in each way of sending it, then every other
test of the folder by name. An attempt that leaked fails its test, and then no page is written.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

ATTEMPTS = Path(__file__).parent / "redteam" / "attempts.yaml"
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "what-was-tried.md"
WAYS = ("simple", "text", "binary", "transaction")
HEAD = """# What was tried

How a program, or a person who would like to approve themselves, tried to get past Lockgate, and what came of it. This
page is written by the run itself (`make redteam`) against a gateway in front of a real PostgreSQL with the starter
policy `ai-agents`; each run of `make test` tries all of it again, and fails where a real value comes back.

## Getting values out

Each attempt is sent by the simple protocol, by the extended one with text and with binary results, and inside of a
transaction. *masked*: it ran, and nothing that came back (rows, copied data, notices, errors) held a real value.
*asks*: a person would have to approve it first (`LG001`). *forbidden*: policy denies it (`LG002`). Anything else is the
server's own error code, its text withheld.

| attempt | what was sent | simple | text | binary | transaction |
|---|---|---|---|---|---|
"""
MEANINGS = {"": "masked", "LG001": "asks", "LG002": "forbidden"}


class Page:
    """What the run reports, kept until it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcomes: dict[tuple[str, str], str] = {}
        self.others: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed
        if report.when != "call":
            return
        said = dict(report.user_properties)
        if "attempt" in said:
            self.outcomes[str(said["attempt"]), str(said["way"])] = str(said["codes"])
        elif report.passed:
            file, _, test = report.nodeid.partition("::")
            self.others[Path(file).stem][test.partition("[")[0]] += 1

    def pytest_sessionfinish(self) -> None:
        if not self.failed and self.outcomes:
            self.path.write_text(self.text())

    def text(self) -> str:
        lines = [HEAD.rstrip("\n")]
        for entry in yaml.safe_load(ATTEMPTS.read_text()):
            cells = [self._cell(entry["id"], way) for way in WAYS]
            sent = "<br>".join(f"`{_cell(statement)}`" for statement in entry["do"])
            lines.append(f"| {entry['id']} | {sent} | {' | '.join(cells)} |")
        lines += [
            "",
            "## The rest of the red team",
            "",
            "Each line is a test; in brackets how many variants it ran.",
            "",
        ]
        for file, tests in sorted(self.others.items()):
            lines += [f"### {_words(file)}", ""]
            lines += [f"- {_words(name)}{f' ({count})' if count > 1 else ''}" for name, count in tests.items()]
            lines.append("")
        return "\n".join(lines)

    def _cell(self, attempt: str, way: str) -> str:
        codes = self.outcomes.get((attempt, way))
        if codes is None:
            return "–"
        return ", ".join(dict.fromkeys(MEANINGS.get(code, code) for code in codes.split(",")))


def _cell(statement: str) -> str:
    shown = " ".join(statement.split())
    shown = shown if len(shown) <= 160 else shown[:157] + "…"
    return shown.replace("|", "\\|").replace("`", "'")


def _words(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--page", default="", help="write what the red team's run tried to this file")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--page"):
        config.pluginmanager.register(Page(Path(config.getoption("--page"))))
