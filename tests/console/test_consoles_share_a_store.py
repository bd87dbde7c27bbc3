"""Two processes' worth of Lockgate over one PostgreSQL store: what is asked at one is seen and decided at the other."""

from __future__ import annotations

import secrets

import pytest

from browsing import text_of
from listening import Stream
from support import start_gate, stop_gate


@pytest.fixture
def gates(hospital, tmp_path):
    name = f"store_{secrets.token_hex(6)}"
    hospital.server.psql(f"CREATE DATABASE {name}")
    url = f"postgresql://postgres:{hospital.server.password}@127.0.0.1:{hospital.server.port}/{name}"
    first = start_gate(hospital, tmp_path, "ai-agents", store_url=url)
    second = start_gate(hospital, tmp_path, "ai-agents", store_url=url, keys=first.assembly.keys)
    yield first, second
    stop_gate(second)
    stop_gate(first)
    hospital.server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def gate(gates):
    """The one that the console is in front of; agents go to the other."""
    return gates[0]


def test_a_request_of_the_other_gate_comes_by_itself_and_is_decided_here(console, gates):
    rita = console.browser("rita")
    assert "Nothing waits for your decision" in text_of(rita.page("/console/"))
    stream = Stream(rita)

    def ask():
        with gates[1].connect() as agent:
            return agent.execute("UPDATE task SET done = done WHERE id = 5").rowcount

    running = gates[1].in_background(ask)
    request = gates[1].wait_pending()
    assert stream.until(request.id)[-1] == ("changed", request.id)
    assert "1 request waits for your decision" in text_of(rita.page("/console/"))
    assert rita.decide(request.id, "approve", reason="part of planned work").status_code == 303
    assert running.result() == 1
    gates[1].outcome(request.id)
    assert "Nothing waits for your decision" in text_of(rita.page("/console/"))
    stream.close()


def test_a_logout_at_one_holds_at_the_other(console, gates):
    rita = console.browser("rita")
    token = rita.http.cookies["lockgate-session"]
    assert gates[1].call(gates[1].assembly.accounts.peek(token)).id == "local:rita"
    rita.post("/console/logout", rita.forms("/console/")["/console/logout"])
    with pytest.raises(Exception, match="no such session"):
        gates[1].call(gates[1].assembly.accounts.peek(token))
