"""Who came in, and when that ended: `session.opened` is durable before the first statement."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from lockgate.errors import StoreError
from lockgate.services.sessions import Sessions


def bodies(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def closed(gate, session):
    for _ in range(200):
        found = [body for body in bodies(gate, "session.closed") if body["session"] == session]
        if found:
            return found[0]
        threading.Event().wait(0.02)
    raise AssertionError("the end of the session never came")


def test_a_session_is_logged_from_its_login_to_its_end(gate):
    with gate.connect() as agent:
        opened = bodies(gate, "session.opened")[0]
        assert (opened["principal"], opened["connection"], opened["address"]) == ("local:bot", "clinic", "127.0.0.1")
        assert opened["credential"]
        agent.execute("SELECT 1")
        assert not [body for body in bodies(gate, "session.closed") if body["session"] == opened["session"]]
    assert closed(gate, opened["session"])["why"] == ""


def test_a_session_that_the_gateway_ends_says_why(gate):
    agent = gate.connect()
    opened = bodies(gate, "session.opened")[0]
    for _, session in list(gate.assembly.gateway._sessions.values()):
        gate.loop.call_soon_threadsafe(session.cut, "28000", "no longer valid")
    with pytest.raises(psycopg.Error):
        agent.execute("SELECT 1")
    assert closed(gate, opened["session"])["why"] == "28000"


def test_who_cannot_be_logged_is_not_let_in(gate, monkeypatch):
    async def full(self, *_):
        raise StoreError("the store is full")

    monkeypatch.setattr(Sessions, "_write", full)
    with pytest.raises(psycopg.OperationalError) as refused:
        gate.connect()
    assert "nothing was executed" in str(refused.value)
