"""A standby takes no temporary function, so its statements are analysed on the primary: same OIDs, nothing executed."""

from __future__ import annotations

import threading

import psycopg
import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import EmbeddedPostgres
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.server.assemble import Upstreams
from standby import Standby
from support import Hospital, start_gate, stop_gate

ROLE = hospital_data.GATEWAY_ROLE
LAG = "the standby's schema is not that of the server which analyses for it"


@pytest.fixture(scope="module")
def primary():
    with EmbeddedPostgres() as server:
        yield Hospital(server, hospital_data.build(server, 50))


@pytest.fixture(scope="module")
def standby(primary):
    with Standby(primary.server) as server:
        server.caught_up()
        yield server


@pytest.fixture
def gate(primary, standby, tmp_path):
    upstream = Upstreams(
        parse_target(standby.url(ROLE, "clinic"), primary.password),
        parse_target(primary.server.url(ROLE, "clinic"), primary.password),
    )
    started = start_gate(primary, tmp_path, "ai-agents", upstream=upstream)
    yield started
    stop_gate(started)


def run_once_seen(agent, sql):
    """The first answer that is not that the schemas have yet to be compared."""
    for _ in range(200):
        try:
            return agent.execute(sql)
        except psycopg.Error as error:
            if LAG not in str(error):
                raise
            threading.Event().wait(0.05)
    raise AssertionError("the schemas are never found to be the same")


def first_refusal(agent, sql):
    for _ in range(200):
        try:
            agent.execute(sql)
        except psycopg.Error as error:
            return str(error)
        threading.Event().wait(0.05)
    raise AssertionError("it is never refused")


def test_a_select_runs_on_the_standby_and_is_masked_exactly(gate, primary):
    with gate.connect() as agent, primary.direct() as direct:
        assert run_once_seen(agent, "SELECT pg_is_in_recovery()").fetchone() == (True,)
        sql = "SELECT x.a, x.c AS who, upper(x.c), w.name FROM patient AS x(a, b, c), ward w WHERE w.id = 1 ORDER BY 1"
        shown, real = agent.execute(sql).fetchall(), direct.execute(sql).fetchall()
    assert [(row[0], row[3]) for row in shown] == [(row[0], row[3]) for row in real]
    assert all(row[1].startswith("NAME-") for row in shown)
    assert {row[2] for row in shown} == {"[NAME]"}


def test_a_view_is_walked_on_the_primary(gate):
    with gate.connect() as agent:
        rows = run_once_seen(agent, "SELECT id, name, ward FROM current_inpatients").fetchall()
    assert rows
    assert all(row[1].startswith("NAME-") for row in rows)


def test_a_write_is_held_and_then_refused_by_the_standby_itself(gate, primary):
    with gate.connect() as agent:
        run_once_seen(agent, "SELECT 1")
        sql = "UPDATE task SET done = true WHERE id = 1"
        waiting = gate.in_background(lambda: agent.execute(sql))
        gate.vote(gate.wait_pending(), "rita")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            waiting.result()
        assert agent.execute("SELECT count(*) FROM ward").fetchone() == (6,)
    assert primary.superuser("SELECT done FROM task WHERE id = 1").strip() == "f"


def test_while_the_standby_has_another_schema_nothing_is_analysed(gate, primary, standby):
    """A view that the primary has already redefined would be judged by what the standby does not run yet."""
    with gate.connect() as agent:
        run_once_seen(agent, "SELECT 1")
        standby.psql("SELECT pg_wal_replay_pause()")
        try:
            primary.superuser("CREATE VIEW seen AS SELECT id, name FROM ward; GRANT SELECT ON seen TO public")
            assert LAG in first_refusal(agent, "SELECT beds FROM ward")
        finally:
            standby.psql("SELECT pg_wal_replay_resume()")
        standby.caught_up()
        assert run_once_seen(agent, "SELECT count(*) FROM seen").fetchone() == (6,)


def test_a_role_without_temp_reads_nothing_and_doctor_says_why(primary, tmp_path):
    primary.superuser("REVOKE TEMP ON DATABASE clinic FROM PUBLIC; CREATE ROLE bare LOGIN PASSWORD 'bare secret'")
    primary.superuser("GRANT SELECT ON ALL TABLES IN SCHEMA public TO bare")
    address = primary.server.url("bare", "clinic")
    started = start_gate(primary, tmp_path, "ai-agents", upstream=Upstreams(parse_target(address, "bare secret")))
    try:
        with started.connect() as agent:
            for sql in ("SELECT name FROM patient", "SELECT 1", "TABLE ward"):
                with pytest.raises(psycopg.Error) as refused:
                    agent.execute(sql)
                assert refused.value.sqlstate == "LG005"
                assert "GRANT TEMP" in str(refused.value.diag.message_hint)
    finally:
        stop_gate(started)
    doctored = doctor(tmp_path, f"upstream: {address}", "bare secret")
    assert "lacks TEMP" in doctored.output
    assert doctored.exit_code == 1


def test_doctor_compares_the_two_schemas(primary, standby, tmp_path):
    primary.server.psql("CREATE DATABASE other")
    same = f"upstream: {standby.url(ROLE, 'clinic')}, analyse_on: '{primary.server.url(ROLE, 'clinic')}'"
    other = f"upstream: {standby.url(ROLE, 'clinic')}, analyse_on: '{primary.server.url(ROLE, 'other')}'"
    standby.caught_up()
    assert "with the same schema" in doctor(tmp_path / "same", same, primary.password).output
    assert "another schema" in doctor(tmp_path / "other", other, primary.password).output


def doctor(folder, connection, password):
    folder.mkdir(exist_ok=True)
    (folder / "pw").write_text(password)
    config = folder / "lockgate.yaml"
    config.write_text(f"connections: {{clinic: {{{connection}, password: 'file:pw'}}}}\n")
    return CliRunner().invoke(app, ["doctor", "--config", str(config)])
