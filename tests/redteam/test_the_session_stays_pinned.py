"""Session state is part of the meaning: whatever moves a pin is refused, undone, or ends the session before the next
statement is judged by what no longer holds."""

from __future__ import annotations

import socket

import psycopg
import pytest

from lockgate.demo.hospital import GATEWAY_ROLE as ROLE
from lockgate.errors import UpstreamError
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import parse_fields
from support import tried
from wire import Wire, query

PINS = {
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "transform_null_equals": "off",
    "row_security": "on",
    "session_replication_role": "origin",
    "role": "none",
    "session_authorization": ROLE,
}
OTHER = {
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "transform_null_equals": "on",
    "row_security": "off",
    "session_replication_role": "replica",
    "role": "reporting",
    "session_authorization": "postgres",
}


def shown(client, name):
    return client.execute(f"SELECT pg_catalog.current_setting('{name}')").fetchone()[0]


def opening(gate, settings: dict[str, str]) -> str:
    """The SQLSTATE that a login with these startup settings ends with; empty where it is let in."""
    parameters = gate.parameters()
    with socket.create_connection((parameters["host"], parameters["port"]), timeout=10) as client:
        client.sendall(m.startup({"user": "bot", "database": "clinic", **settings}))
        client.recv(100)
        client.sendall(m.message("p", parameters["password"].encode() + b"\0"))
        answer = client.recv(65536)
        if answer[:1] == b"E":
            return parse_fields(answer[5:])["C"]
        while not answer.endswith(b"Z\0\0\0\5I"):
            answer += client.recv(65536)
        return ""


@pytest.mark.parametrize("name", OTHER)
def test_startup_options_that_move_a_pin_are_refused_at_login(gate, name):
    assert opening(gate, {name: OTHER[name]}) == "LG002"
    assert opening(gate, {"options": f"-c {name}={OTHER[name]}"}) == "LG002"
    assert opening(gate, {name.title(): OTHER[name]}) == "LG002", "names know no upper and lower case"


def test_startup_options_that_say_what_is_pinned_are_let_in(gate):
    assert opening(gate, {"client_encoding": "'utf-8'", "options": "-c standard_conforming_strings=on"}) == ""


@pytest.mark.parametrize("spelled", ["search_path", "Search_Path", "SEARCH_PATH"])
def test_pg_temp_stays_last_however_the_startup_packet_spells_it(gate, spelled):
    with gate.connect(options=f"-c {spelled}=public") as agent:
        assert shown(agent, "search_path") == "public, pg_temp"
    wire = Wire(gate, also={spelled: "public"})
    wire.say(query("SELECT current_setting('search_path')"))
    assert any(b"public, pg_temp" in body for kind, body in wire.hear(1) if kind == b"D")
    wire.close()


@pytest.mark.parametrize("name", OTHER)
def test_set_and_set_config_on_a_pin_are_refused(gate, name):
    assert tried(gate, f"SET {name} = '{OTHER[name]}'") in ("LG002", "42601")
    assert tried(gate, f"SET LOCAL {name} = '{OTHER[name]}'") in ("LG002", "42601")
    assert tried(gate, f"SELECT set_config('{name}', '{OTHER[name]}', false)") == "LG002"
    assert tried(gate, f"UPDATE pg_settings SET setting = '{OTHER[name]}' WHERE name = '{name}'") == "LG002"


@pytest.mark.parametrize("name", OTHER)
def test_a_functions_set_clause_is_code(gate, name):
    made = f"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET {name} = '{OTHER[name]}' AS 'SELECT 1'"
    assert tried(gate, made) == "LG002"
    assert tried(gate, f"ALTER FUNCTION pg_catalog.lower(text) SET {name} = '{OTHER[name]}'") == "LG002"


@pytest.mark.parametrize("whose", [f"ROLE {ROLE}", "DATABASE clinic"])
def test_what_somebody_sets_for_the_role_or_database_does_not_move_a_pin(gate, hospital, whose):
    moved = {name: other for name, other in OTHER.items() if name in ("row_security", "transform_null_equals")}
    assert tried(gate, f"ALTER {whose} SET row_security = off") in ("LG001", "LG002")
    for name, other in moved.items():
        hospital.superuser(f"ALTER {whose} SET {name} = '{other}'")
    try:
        with gate.connect() as agent:
            assert {name: shown(agent, name) for name in moved} == {name: PINS[name] for name in moved}
    finally:
        for name in moved:
            hospital.superuser(f"ALTER {whose} RESET {name}")


@pytest.mark.parametrize("whose", [f"ROLE {ROLE}", "DATABASE clinic"])
@pytest.mark.parametrize("name", ["session_replication_role", "role"])
async def test_what_cannot_be_pinned_is_compared_at_login(gate, hospital, whose, name):
    """No startup packet holds them for this role: nothing is sent over such a connection, nor analysed on one."""
    hospital.superuser(f"GRANT reporting TO {ROLE}; ALTER {whose} SET {name} = '{OTHER[name]}'")
    try:
        with pytest.raises(psycopg.OperationalError, match="upstream"):
            gate.connect()
        pool = gate.assembly.connections["clinic"].resolver.pool
        gate.call(_close_idle(pool))
        with pytest.raises(UpstreamError, match=name):
            gate.call(_use(pool))
    finally:
        hospital.superuser(f"SET ROLE NONE; ALTER {whose} RESET {name}; REVOKE reporting FROM {ROLE}")
    assert tried(gate, "SELECT count(*) FROM ward") == ""


async def _close_idle(pool):
    while pool._idle:
        pool._idle.pop().close()


async def _use(pool):
    async with pool.lend("public"):
        pass


@pytest.mark.parametrize("reset", ["RESET ALL", "DISCARD ALL"])
def test_reset_all_and_discard_all_bring_back_the_pins(gate, reset):
    with gate.connect() as agent:
        before = {name: shown(agent, name) for name in PINS}
        assert before == PINS
        agent.execute("SET lockgate.reason = 'because'")
        agent.execute("SET application_name = 'mine'")
        agent.execute(reset)
        assert {name: shown(agent, name) for name in PINS} == PINS
        assert agent.execute("SHOW lockgate.reason").fetchone() == ("",)
        assert shown(agent, "application_name") == "lockgate local:bot"
        assert agent.execute("SELECT name FROM patient LIMIT 1").fetchone()[0].startswith("NAME-")


@pytest.fixture
def code_may_be_approved(gate):
    """The starter set forbids code; here people may agree to it."""
    for file in gate.assembly.policy.folder.glob("*.cedar"):
        file.write_text(
            file.read_text()
            .replace(', Action::"sql.code"', "")
            .replace('action in [Action::"sql.write",', 'action in [Action::"sql.code", Action::"sql.write",')
        )
    gate.call(gate.assembly.reload_policy(by="local:root"))


def approved(gate, work):
    done = gate.in_background(work)
    gate.vote(gate.wait_pending(), "rita")
    return done.result()


@pytest.mark.parametrize(
    "name", ["row_security", "backslash_quote", "transform_null_equals", "role", "application_name"]
)
@pytest.mark.parametrize("how", ["session", "transaction"])
def test_a_pin_that_approved_code_has_moved_ends_the_session(gate, hospital, code_may_be_approved, name, how):
    """The server reports some of them, and is asked for the others, before anything else is looked at."""
    hospital.superuser(f"GRANT reporting TO {ROLE}")
    other = OTHER.get(name, "somebody else")
    local = "true" if how == "transaction" else "false"
    try:
        with gate.connect() as agent:
            if how == "transaction":
                agent.execute("BEGIN")
            approved(gate, lambda: agent.execute(f"SELECT set_config('{name}', '{other}', {local})"))
            with pytest.raises(psycopg.OperationalError, match=name):
                agent.execute("SELECT id FROM ward")
            assert agent.closed
    finally:
        hospital.superuser(f"REVOKE reporting FROM {ROLE}")


def test_what_approved_code_puts_back_itself_is_no_change(gate, code_may_be_approved):
    with gate.connect() as agent:
        back = "SELECT set_config('row_security', 'off', false), set_config('row_security', 'on', false)"
        approved(gate, lambda: agent.execute(back))
        assert agent.execute("SELECT count(*) FROM ward").fetchone() == (6,)


NAMED = "lockgate local:bot"


@pytest.mark.parametrize(
    "change",
    [
        "SET application_name = 'nightly'",
        "SET application_name TO nightly",
        "SET SESSION application_name = 'nightly';",
        "SET Application_Name = 'lockgate local:bot nightly'",
        "BEGIN; SET LOCAL application_name = 'nightly'",
    ],
)
@pytest.mark.parametrize("prepare", [False, True])
def test_the_application_name_names_the_principal_and_then_the_client(gate, change, prepare):
    with gate.connect() as agent:
        for one in change.split("; "):
            agent.execute(one, prepare=prepare)
        assert shown(agent, "application_name") == f"{NAMED} nightly"
        if change.startswith("BEGIN"):
            agent.execute("COMMIT")
            assert shown(agent, "application_name") == NAMED
        agent.execute("SET application_name TO DEFAULT")
        assert shown(agent, "application_name") == NAMED


def test_the_application_name_cannot_be_quoted_out_of_its_statement(gate):
    with gate.connect() as agent:
        agent.execute("SET application_name = 'x''; SELECT 1 --\\'")
        assert shown(agent, "application_name") == NAMED + " x'; SELECT 1 --\\"


def test_set_config_of_the_application_name_is_code(gate):
    assert tried(gate, "SELECT set_config('application_name', 'somebody else', false)") == "LG002"


def test_among_other_statements_the_name_is_put_behind_ours_too(gate):
    wire = Wire(gate)
    wire.say(query("SET application_name = 'a'; SET DateStyle = 'ISO'; SELECT current_setting('application_name')"))
    assert any(b"lockgate local:bot a" in body for kind, body in wire.hear(1) if kind == b"D")
    wire.close()


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("SET SCHEMA 'public'", "public, pg_temp"),
        ("SET LOCAL SCHEMA 'public'", "public, pg_temp"),
        ("SET search_path = public -- mine", "public, pg_temp"),
        ("SET search_path TO \"$user\", 'a b', public", '"$user", "a b", public, pg_temp'),
        ("SET SESSION search_path = 'it''s'", '"it\'s", pg_temp'),
    ],
)
def test_pg_temp_stays_last_however_the_path_is_set(gate, said, path):
    with gate.connect(autocommit=False) as agent:
        agent.execute(said)
        assert shown(agent, "search_path") == path
