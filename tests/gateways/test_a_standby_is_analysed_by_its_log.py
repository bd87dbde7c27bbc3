"""`analyse_by: log`: a role without TEMP, and a standby without its primary, are analysed by what the server prints.

What is printed goes to the server's own log, never to a client.
"""

from __future__ import annotations

import psycopg
import pytest
from typer.testing import CliRunner

from lockgate.cli import app
from lockgate.demo import hospital as hospital_data
from lockgate.demo.embedded import EmbeddedPostgres
from lockgate.gateways.postgres.lineage import By
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.server.assemble import Upstreams
from standby import Standby
from support import Hospital, start_gate, stop_gate

ROLE = hospital_data.GATEWAY_ROLE
BARE_PASSWORD = "bare secret"
HARD = 'SELECT x.a, x.c AS "der Name", upper(x.c), w.name FROM patient AS x(a, b, c), ward w WHERE w.id = 1 ORDER BY 1'


@pytest.fixture(scope="module")
def primary():
    with EmbeddedPostgres() as server:
        made = Hospital(server, hospital_data.build(server, 50))
        made.superuser(f"CREATE ROLE bare LOGIN PASSWORD '{BARE_PASSWORD}'; REVOKE TEMP ON DATABASE clinic FROM PUBLIC")
        made.superuser("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO bare")
        made.superuser("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO bare")
        yield made


@pytest.fixture(scope="module")
def standby(primary):
    with Standby(primary.server) as server:
        server.caught_up()
        yield server


@pytest.fixture(params=["a role without TEMP", "a standby"])
def address(request, primary):
    if request.param == "a standby":
        return request.getfixturevalue("standby").url(ROLE, "clinic"), primary.password
    return primary.server.url("bare", "clinic"), BARE_PASSWORD


@pytest.fixture
def gate(address, primary, tmp_path):
    started = start_gate(primary, tmp_path, "ai-agents", upstream=Upstreams(parse_target(*address), analyse_by=By.LOG))
    yield started
    stop_gate(started)


def test_a_select_is_masked_exactly(gate, primary):
    with gate.connect() as agent, primary.direct() as direct:
        shown, real = agent.execute(HARD).fetchall(), direct.execute(HARD).fetchall()
    assert len(real) == 50
    assert [(row[0], row[3]) for row in shown] == [(row[0], row[3]) for row in real]
    assert all(row[1].startswith("NAME-") for row in shown)
    assert {row[2] for row in shown} == {"[NAME]"}


def test_a_view_is_walked(gate):
    with gate.connect() as agent:
        rows = agent.execute("SELECT id, name, ward FROM current_inpatients").fetchall()
    assert rows
    assert all(row[1].startswith("NAME-") for row in rows)


def test_a_probe_is_held(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error) as refused:
            agent.execute("SELECT id FROM patient WHERE ssn = %s", ["911-11-1111"])
        assert refused.value.sqlstate == "LG001"


def test_a_thousand_parameters_need_no_function(gate, primary):
    sql = "SELECT id, name, sex FROM patient WHERE id IN (" + ", ".join(["%s"] * 1000) + ") ORDER BY id"
    with gate.connect() as agent, primary.direct() as direct:
        shown, real = agent.execute(sql, range(1000)).fetchall(), direct.execute(sql, range(1000)).fetchall()
    assert [(row[0], row[2]) for row in shown] == [(row[0], row[2]) for row in real]
    assert all(row[1].startswith("NAME-") for row in shown)


def test_what_the_server_refuses_has_its_own_error(gate):
    with gate.connect() as agent:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            agent.execute("SELECT nonsense FROM patient")
        assert agent.execute("SELECT count(*) FROM ward").fetchone() == (6,)


def test_a_name_with_a_line_break_is_refused(gate):
    with gate.connect() as agent, pytest.raises(psycopg.Error) as refused:
        agent.execute('WITH "a b" AS (SELECT id FROM ward), "a\nb" AS (SELECT ssn FROM patient) SELECT * FROM "a\nb"')
    assert refused.value.sqlstate == "LG002"


def test_no_client_sees_a_printed_tree(gate):
    said = []
    with gate.connect() as agent:
        agent.add_notice_handler(lambda notice: said.append(f"{notice.message_primary} {notice.message_detail}"))
        agent.execute(HARD).fetchall()
        with agent.transaction():
            agent.execute("SELECT id, name FROM patient ORDER BY id LIMIT 1").fetchall()
        assert agent.execute("SHOW client_min_messages").fetchone() == ("notice",)
        assert agent.execute("SHOW debug_print_parse").fetchone() == ("off",)
    assert not [text for text in said if "tree" in text or "QUERY" in text]


def test_a_session_with_temporary_tables_is_analysed_in_itself(primary, tmp_path):
    """There the client's own connection prints the tree, for as long as one message of ours."""
    primary.superuser(f"GRANT TEMP ON DATABASE clinic TO {ROLE}")
    target = parse_target(primary.server.url(ROLE, "clinic"), primary.password)
    started = start_gate(primary, tmp_path, "ai-agents", upstream=Upstreams(target, analyse_by=By.LOG))
    said = []
    try:
        with started.connect() as agent:
            agent.add_notice_handler(lambda notice: said.append(f"{notice.message_primary} {notice.message_detail}"))
            agent.execute("CREATE TEMP TABLE mine AS SELECT id, name FROM patient")
            rows = agent.execute("SELECT m.name, p.id FROM mine m JOIN patient p ON p.id = m.id").fetchall()
            assert agent.execute("SHOW debug_print_parse").fetchone() == ("off",)
            with agent.transaction():
                inside = agent.execute("SELECT name FROM mine").fetchall()
                assert agent.execute("SHOW debug_print_parse").fetchone() == ("off",)
                assert agent.execute("SHOW client_min_messages").fetchone() == ("notice",)
    finally:
        stop_gate(started)
    assert len(rows) == 50
    assert {row[0] for row in rows} == {row[0] for row in inside} == {"[NAME]"}
    assert not [text for text in said if "tree" in text or "QUERY" in text]


def test_doctor_says_which_way_is_used_and_warns(primary, standby, tmp_path):
    bare = primary.server.url("bare", "clinic")
    by_log = doctor(tmp_path / "log", f"upstream: {bare}, analyse_by: log", BARE_PASSWORD)
    assert "analysed by log" in by_log
    assert "server's log" in by_log
    assert "lacks TEMP" not in by_log
    there = doctor(tmp_path / "standby", f"upstream: {standby.url(ROLE, 'clinic')}", primary.password)
    assert "a standby takes no function" in there
    primary.superuser(f"GRANT TEMP ON DATABASE clinic TO {ROLE}")
    upstream = primary.server.url(ROLE, "clinic")
    assert "analysed by function" in doctor(tmp_path / "function", f"upstream: {upstream}", primary.password)
    assert "function or log" in doctor(tmp_path / "wrong", f"upstream: {upstream}, analyse_by: guess", "x")


def doctor(folder, connection, password):
    folder.mkdir()
    (folder / "pw").write_text(password)
    config = folder / "lockgate.yaml"
    config.write_text(f"connections: {{clinic: {{{connection}, password: 'file:pw'}}}}\n")
    return " ".join(CliRunner().invoke(app, ["doctor", "--config", str(config)]).output.split())
