"""Lockgate's own log lines, and the upstream's password: neither a patient nor a credential in what anybody is told."""

from __future__ import annotations

import json

import psycopg
import pytest
import structlog
from sqlalchemy import inspect, text

NAME = "Zacharias Unmistakable"
NUMBER = "MRN-987654"


@pytest.fixture
def patient(hospital):
    hospital.superuser(
        f"CREATE TABLE odd (name text PRIMARY KEY, mrn text); INSERT INTO odd VALUES ('{NAME}', '{NUMBER}'); "
        "GRANT ALL ON odd TO PUBLIC"
    )
    yield
    hospital.superuser("DROP TABLE odd")


STATEMENTS = (
    "SELECT name FROM odd",
    f"SELECT * FROM odd WHERE mrn = '{NUMBER}'",
    f"INSERT INTO odd VALUES ('{NAME}', '{NUMBER}')",
    "SELECT name::int FROM odd",
    f"SELECT '{NAME}'::int",
    f"SELEC '{NAME}'",
    f'SELECT "{NAME}" FROM odd',
    f"SET lockgate.purpose = '{NAME}'",
    f"COPY (SELECT name FROM odd WHERE mrn > '{NUMBER}') TO STDOUT",
    f"DO $$ BEGIN RAISE EXCEPTION '{NAME}'; END $$",
)


def tries(gate):
    """What clients got to read, the words of errors and notices among it."""
    told = []
    for statement in STATEMENTS:
        with gate.connect() as agent:
            agent.execute("SET lockgate.hold = 'fail'")
            try:
                told.append(str(agent.execute(statement).fetchall()))
            except psycopg.Error as error:
                told.append(str(error))
    return told


def test_its_log_lines_hold_no_value(gate, patient, monkeypatch):
    with structlog.testing.capture_logs() as lines:
        tries(gate)
        monkeypatch.setattr(gate.assembly.gateway.pipeline, "redeem", lambda *_, **__: 1 / 0)
        with gate.connect() as agent, pytest.raises(psycopg.Error):
            agent.execute(f"SELECT * FROM ward -- {NAME}")
    assert lines, "a fault of ours is logged"
    for secret in (NAME, NUMBER):
        assert secret not in json.dumps(lines, default=repr)


def test_the_upstreams_password_is_in_nothing_that_anybody_gets(gate, api, patient, hospital):
    with structlog.testing.capture_logs() as lines:
        told = tries(gate)
        view = gate.wait_pending()
        told += [str(view), str(gate.events())]
        for path in (
            "/requests",
            "/audit/events",
            "/people",
            "/health",
            f"/requests/{view.id}",
            "/nothing",
            "/openapi.json",
        ):
            told.append(api("rita", "GET", path).text)

        def everything(conn):
            return [
                repr(conn.execute(text(f'SELECT * FROM "{name}"')).all()) for name in inspect(conn).get_table_names()
            ]

        told += gate.call(gate.assembly.store.read(everything))
    assert len(hospital.password) > 8
    assert not [one for one in [*told, str(lines), repr(gate.assembly)] if hospital.password in one]
