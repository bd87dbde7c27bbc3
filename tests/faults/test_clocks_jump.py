"""The clock jumps, forwards or back: what has expired stays so, nothing waits longer, and no event is older."""

from __future__ import annotations

import json

import psycopg
import pytest

from lockgate.store import system_clock
from support import start_gate, stop_gate

SECOND = 1_000_000
UPDATE = "UPDATE task SET done = NOT done WHERE id = 4"


class Clock:
    """The system's, moved by so much."""

    def __init__(self) -> None:
        self.moved_s = 0

    def __call__(self) -> int:
        return system_clock() + self.moved_s * SECOND


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(hospital, tmp_path, clock):
    started = start_gate(hospital, tmp_path, "ai-agents", clock=clock)
    yield started
    stop_gate(started)


def fails_with(agent, sql) -> str:
    with pytest.raises(psycopg.Error) as failed:
        agent.execute(sql)
    return failed.value.sqlstate


def asked(gate, agent):
    agent.execute("SET lockgate.hold = 'fail'")
    assert fails_with(agent, UPDATE) == "LG001"
    return gate.wait_pending()


def test_a_grant_that_lapsed_stays_lapsed_when_the_clock_goes_back(gate, clock):
    with gate.connect() as agent:
        first = asked(gate, agent)
        gate.vote(first, "rita")
        clock.moved_s = 3 * 3600
        gate.call(gate.assembly.approvals.sweep())
        clock.moved_s = 0
        assert fails_with(agent, UPDATE) == "LG001", "it is asked for anew"
        assert gate.call(gate.assembly.approvals.get(first.id)).state == "LAPSED"


def test_a_request_that_expired_cannot_be_approved_by_setting_the_clock_back(gate, clock):
    with gate.connect() as agent:
        first = asked(gate, agent)
        clock.moved_s = 9 * 3600
        gate.call(gate.assembly.approvals.sweep())
        clock.moved_s = -3600
        gate.vote(first, "rita")
        assert gate.call(gate.assembly.approvals.get(first.id)).state == "EXPIRED"
        assert fails_with(agent, UPDATE) != ""


def test_a_grant_does_not_live_longer_because_the_clock_went_back(gate, clock, hospital):
    with gate.connect() as agent:
        gate.vote(asked(gate, agent), "rita")
        clock.moved_s = -30 * 24 * 3600
        agent.execute(UPDATE)
        assert fails_with(agent, UPDATE) == "LG001", "once, whatever the clock says"
    consumed = [json.loads(e["leaf"]) for e in gate.events("grant.consumed")]
    assert len(consumed) == 1


def test_a_token_of_tomorrow_is_no_token_today(gate, clock):
    parameters = gate.parameters()
    clock.moved_s = 2 * 3600
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**parameters)
    clock.moved_s = 0
    with psycopg.connect(**parameters) as agent:
        assert agent.execute("SELECT 1").fetchone() == (1,)
