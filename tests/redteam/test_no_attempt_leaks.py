"""Every attempt of attempts.yaml against the running gateway, in four ways to send it: nothing real may come back.

What the client can see is collected whole: rows, COPY data, notices, errors with detail and hint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from support import start_gate, stop_gate

ATTEMPTS = yaml.safe_load(Path(__file__).with_name("attempts.yaml").read_text())
WAYS = ("simple", "text", "binary", "transaction")
REFUSALS = ("LG001", "LG002")


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("redteam"), "ai-agents")
    yield started
    stop_gate(started)


@pytest.fixture(scope="module")
def secrets(hospital) -> set[str]:
    """Every real value that must never be seen: whole values, and names in parts."""
    with hospital.direct() as direct:
        rows = direct.execute("SELECT mrn, name, ssn, phone, email, street, born::text FROM patient").fetchall()
        members = direct.execute("SELECT member_id FROM claim").fetchall()
    found = {value for row in rows for value in row if value} | {row[0] for row in members}
    found |= {row[2].replace("-", "") for row in rows} | {row[2][::-1] for row in rows}
    found |= {row[1].upper() for row in rows} | {row[1].lower() for row in rows}
    return found


class Seen:
    """Everything that came back."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.codes: list[str] = []

    def notice(self, diagnostic: Any) -> None:
        self.text += [str(getattr(diagnostic, name)) for name in ("message_primary", "message_detail", "message_hint")]

    def add(self, value: Any) -> None:
        raw = isinstance(value, bytes | memoryview)
        self.text.append(bytes(value).decode("utf-8", "replace") if raw else str(value))
        if isinstance(value, list | tuple | dict):
            for item in value.values() if isinstance(value, dict) else value:
                self.add(item)


def attempt(gate, statements: list[str], way: str) -> Seen:
    seen = Seen()
    factory = psycopg.ClientCursor if way == "simple" else psycopg.Cursor
    with gate.connect(cursor_factory=factory, autocommit=way != "transaction") as agent:
        agent.add_notice_handler(seen.notice)
        agent.execute("SET lockgate.hold = 'fail'")
        for statement in statements:
            try:
                if statement.startswith("COPY"):
                    with agent.cursor().copy(statement) as copy:
                        for block in copy:
                            seen.add(bytes(block))
                    continue
                cursor = agent.cursor(binary=True) if way == "binary" else agent.cursor()
                cursor.execute(statement, prepare=way in ("text", "binary") or None)
                while True:
                    if cursor.description:
                        seen.add(cursor.fetchall())
                    if not cursor.nextset():
                        break
            except psycopg.Error as error:
                seen.codes.append(error.sqlstate or "lost")
                seen.text.append(str(error))
                if error.sqlstate is None:
                    break
    return seen


def withdraw_all(gate) -> None:
    """What an attempt left waiting counts against the next one's limit, which would then be refused unseen."""
    for request in gate.pending():
        gate.call(gate.assembly.approvals.withdraw(request.id, "local:bot"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("entry", ATTEMPTS, ids=[entry["id"] for entry in ATTEMPTS])
def test_no_attempt_leaks(gate, secrets, entry, way, record_property):
    if way == "transaction" and entry["do"][0] == "BEGIN":
        pytest.skip("opens a transaction of its own")
    seen = attempt(gate, entry["do"], way)
    withdraw_all(gate)
    for name, value in (("attempt", entry["id"]), ("way", way), ("codes", ",".join(seen.codes))):
        record_property(name, value)
    everything = "\n".join(seen.text)
    leaked = [value for value in secrets if value in everything]
    assert not leaked, f"{len(leaked)} real values came back"
    stopped = [code for code in seen.codes if code in REFUSALS]
    if entry["expect"] == "masked":
        assert not seen.codes, everything[:300]
    elif entry["expect"] == "refused":
        assert stopped, f"neither held nor refused: {seen.codes} {everything[:300]}"


def test_nothing_was_executed_by_all_that(gate, hospital):
    with hospital.direct() as direct:
        assert direct.execute("SELECT count(*) FROM patient").fetchone() == (300,)
        assert direct.execute("SELECT to_regclass('stolen')").fetchone() == (None,)
        assert direct.execute("SELECT to_regclass('public.task')").fetchone() != (None,)
        assert direct.execute("SELECT count(*) FROM task WHERE title NOT LIKE 'Task %'").fetchone() == (0,)
