"""Where people are asked: who waits and how long is the connection's choice, and before it the session's own."""

from __future__ import annotations

import time

import psycopg
import pytest

from lockgate.demo.hospital import GATEWAY_ROLE
from lockgate.errors import ConfigError
from lockgate.gateways.postgres.settings.wishes import Hold
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.server.assemble import Upstreams
from lockgate.server.config import load_config
from support import start_gate, stop_gate

HELD = "SELECT name, id FROM patient WHERE ssn = '911-11-1111'"
CONFIG = "connections:\n  clinic:\n    upstream: postgresql://gw@db/clinic\n    password: none\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", Hold("wait", 8 * 3600, 45)),
        ("    hold: wait\n", Hold("wait", 8 * 3600, 45)),
        ("    hold: fail\n", Hold("fail", 8 * 3600, 45)),
        ("    hold: {agent_s: 10}\n", Hold("wait", 8 * 3600, 10)),
        ("    hold: {person_s: 600, agent_s: 5}\n", Hold("wait", 600, 5)),
    ],
)
def test_it_is_written_in_the_configuration(tmp_path, written, meant):
    (tmp_path / "lockgate.yaml").write_text(CONFIG + written)
    assert load_config(tmp_path / "lockgate.yaml").connections["clinic"].hold == meant


@pytest.mark.parametrize("written", ["hold: never", "hold: {agent: 5}", "hold: {agent_s: soon}", "hold: [wait]"])
def test_anything_else_is_refused_by_line(tmp_path, written):
    (tmp_path / "lockgate.yaml").write_text(CONFIG + f"    {written}\n")
    with pytest.raises(ConfigError, match=r"lockgate\.yaml:5"):
        load_config(tmp_path / "lockgate.yaml")


def waits(gate, user: str) -> float:
    """How long the hold of this caller is, in seconds, as the pipeline was told."""
    asked = []
    pipeline = gate.assembly.pipeline
    original = pipeline.ask

    async def noted(action, facts, wishes, **rest):
        asked.append(wishes)
        return await original(action, facts, wishes, **rest)

    pipeline.ask = noted
    try:
        with gate.connect(user) as client:
            client.execute("SELECT count(*) FROM ward")
    finally:
        pipeline.ask = original
    assert asked[-1].wait
    return asked[-1].hold_s


def test_an_agent_waits_45_seconds_and_a_person_as_long_as_a_decision_may_take(gate):
    assert waits(gate, "bot") == 45
    assert waits(gate, "alf") == 8 * 3600


@pytest.fixture
def choose(hospital, tmp_path):
    started = []

    def start(hold: Hold):
        target = parse_target(hospital.server.url(GATEWAY_ROLE, "clinic"), hospital.password)
        started.append(start_gate(hospital, tmp_path, "ai-agents", upstream=Upstreams(target, hold=hold)))
        return started[-1]

    yield start
    for gate in started:
        stop_gate(gate)


def took(gate, *before: str) -> float:
    with gate.connect() as agent:
        for one in before:
            agent.execute(one)
        began = time.monotonic()
        with pytest.raises(psycopg.Error) as held:
            agent.execute(HELD)
        assert held.value.sqlstate == "LG001"
    return time.monotonic() - began


def test_a_connection_may_fail_at_once_and_a_session_wait_on_it(choose):
    gate = choose(Hold("fail", agent_s=6))
    assert took(gate) < 5
    assert took(gate, "SET lockgate.hold = 'wait'") >= 6
    assert took(gate, "SET lockgate.hold = 'wait'", "RESET lockgate.hold") < 5


def test_a_connection_says_how_long_an_agent_waits(choose):
    gate = choose(Hold(agent_s=1))
    assert 1 <= took(gate) < 20


def test_reviewers_read_that_the_caller_is_gone(gate, api, monkeypatch):
    from typer.testing import CliRunner

    from lockgate.cli import app, requests

    monkeypatch.setattr(requests, "call", lambda method, path, *body: api("rita", method, path, *body).json())
    agent = gate.connect()
    running = gate.in_background(lambda: agent.execute("UPDATE task SET done = true WHERE id = 1"))
    asked = gate.wait_pending()
    assert "caller gone" not in CliRunner().invoke(app, ["requests", "show", asked.id]).output
    agent.cancel_safe()
    with pytest.raises(psycopg.Error):
        running.result()
    assert api("rita", "GET", f"/requests/{asked.id}").json()["gone_at"] > 0
    assert "caller gone" in CliRunner().invoke(app, ["requests", "show", asked.id]).output
    agent.close()
