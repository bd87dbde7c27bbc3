"""pgAdmin, DBeaver, JDBC and BI tools ask the catalog before anybody types: they learn what the server would say."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import yaml

from support import start_gate, stop_gate

QUERIES = yaml.safe_load(Path(__file__).with_name("catalog_queries.yaml").read_text())
ASKED = [entry for entry in QUERIES if "sql" in entry]


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("tools"), "ai-agents")
    yield started
    stop_gate(started)


@pytest.mark.parametrize("way", ["simple", "extended"])
@pytest.mark.parametrize("entry", ASKED, ids=[entry["id"] for entry in ASKED])
def test_the_answer_is_the_servers_own(gate, hospital, entry, way):
    cursors = psycopg.ClientCursor if way == "simple" else psycopg.Cursor
    with gate.connect(cursor_factory=cursors) as client, hospital.direct() as direct:
        client.execute("SET lockgate.hold = 'fail'")
        direct.execute('SET search_path = "$user", public, pg_temp')
        assert client.execute(entry["sql"]).fetchall() == direct.execute(entry["sql"]).fetchall()


@pytest.mark.parametrize("entry", [e for e in QUERIES if "set" in e], ids=lambda entry: entry["id"])
def test_what_they_set_first_is_taken(gate, entry):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as client:
        client.execute(entry["set"])
        assert client.execute("SELECT name FROM patient WHERE id = 3").fetchone()[0].startswith("NAME-")
