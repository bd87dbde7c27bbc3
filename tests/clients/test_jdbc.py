"""PostgreSQL's JDBC driver, unchanged: what Java applications, DBeaver and BI servers speak."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(os.environ.get("JDBC_DRIVER", "/usr/share/java/postgresql.jar"))

pytestmark = pytest.mark.skipif(
    not (DRIVER.exists() and (shutil.which("java") or os.environ.get("JAVA_HOME"))),
    reason="needs a Java machine and PostgreSQL's JDBC driver (Debian: libpostgresql-jdbc-java)",
)


@pytest.fixture
def talk(gate):
    def run(name: str) -> Any:
        done = subprocess.run(
            [
                sys.executable,
                str(Path(__file__).with_name("jdbc_talks.py")),
                name,
                f"jdbc:postgresql://127.0.0.1:{gate.port}/clinic?sslmode=prefer",
                "bot",
            ],
            env={**os.environ, "PGPASSWORD": gate.parameters()["password"], "CLASSPATH": str(DRIVER)},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_prepared_statement_is_masked_before_and_after_the_server_prepares_it(talk):
    seen = talk("prepared_until_the_server_prepares")
    assert [row[0] for row in seen] == list(range(1, 10))
    assert all(name.startswith("NAME-") and born.endswith("-01-01") for _, name, born, _ in seen)


def test_a_cursor_fetches_a_part_at_a_time_masked(talk):
    found = talk("fetched_by_a_cursor")
    assert len(found) == 300
    assert all(name.startswith("NAME-") for _, name in found)


def test_the_schema_is_described(talk):
    said = talk("what_the_schema_says")
    assert said["product"] == "PostgreSQL"
    assert {"id", "name", "ssn"} <= set(said["columns"])
    assert said["keys"] == ["id"]
    assert {"patient", "encounter", "ward"} <= set(said["tables"])


def test_rows_are_copied_out_once_people_agree(gate, talk):
    waiting = gate.in_background(lambda: talk("copied_out"))
    gate.vote(gate.wait_pending(), "rita")
    count, lines = waiting.result(60)
    assert (count, [line.split("\t")[0] for line in lines]) == (3, ["1", "2", "3"])


def test_a_refusal_is_an_exception_and_the_connection_lives(talk):
    state, after, valid = talk("refused")
    assert state == "LG002"
    assert after == [[7]]
    assert valid


def test_batches_and_savepoints(talk):
    assert talk("a_batch_and_a_savepoint") == [20, [[20]], [[0]]]


def test_a_query_that_takes_too_long_is_cancelled(talk):
    assert talk("cut_off_by_its_timeout") == ["57014", [[1]]]


def test_a_held_write_waits_for_people(gate, talk):
    waiting = gate.in_background(lambda: talk("held"))
    request = gate.wait_pending()
    gate.vote(request, "rita")
    changed, notices = waiting.result(60)
    assert changed == 1
    assert any(request.id in notice for notice in notices)
