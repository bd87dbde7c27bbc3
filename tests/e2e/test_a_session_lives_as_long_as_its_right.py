"""A session ends when its credential, owner or groups do: at once, in the middle of a stream too; and after twelve
hours, between transactions. Nothing here waits for the minute that a session would be looked at anyway, unless it
says so.
"""

from __future__ import annotations

import threading

import psycopg
import pytest

from wire import Wire, query

ENDLESS = "SELECT p.name, g FROM patient p, generate_series(1, 1000000) g"
BUFFERS_BYTES = 256 << 20
"""More than the kernel and the gateway hold between them, and than is sent until the word is out; the whole result is
some ten gigabytes."""


def until(what):
    for _ in range(400):
        if what():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it does not happen")


def deactivate(gate, name="bot"):
    gate.call(gate.assembly.accounts.deactivate(f"local:{name}", by="local:root"))


def quietly(gate, name="bot"):
    """Deactivated, and the word of it never reaches the gateway (another process said it, and the notice was lost)."""
    gate.assembly.gateway.accounts_changed = lambda: None
    gate.call(gate.assembly.accounts.deactivate(f"local:{name}", by="local:root"))


CHANGES = {
    "the agent is deactivated": lambda a: a.deactivate("local:bot", by="local:root"),
    "its only owner is deactivated": lambda a: a.deactivate("local:ana", by="local:root"),
    "it leaves a group": lambda a: a.change_groups("local:bot", leave=["agents"], by="local:root"),
    "it joins a group": lambda a: a.change_groups("local:bot", join=["privacy"], by="local:root"),
    "it gets another owner": lambda a: a.change_owners("local:bot", add=["local:alf"], by="local:root"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_idle_session_hears_why_it_ends(gate, change):
    client = Wire(gate)
    gate.call(CHANGES[change](gate.assembly.accounts))
    ((kind, body),) = client.hear(1)
    assert kind == b"E"
    assert b"C28000\0" in body
    assert b"no longer valid" in body


def test_the_reason_is_not_lost_where_a_statement_crosses_it(gate):
    """A connection that is closed over bytes that nobody has read is reset, and a reset may overtake the reason."""
    client = Wire(gate)

    def cross():
        client.say(query("SELECT 1"))
        for _, session in list(gate.assembly.gateway._sessions.values()):
            session.cut("57P01", "over")

    gate.loop.call_soon_threadsafe(cross)
    heard = b""
    while more := client.socket.recv(4096):
        heard += more
    assert b"C57P01\0" in heard
    client.close()


def test_a_revoked_key_ends_what_was_opened_with_it_and_nothing_else(gate):
    accounts = gate.assembly.accounts
    keys = [gate.call(accounts.register_key("local:bot", by="local:ana")) for _ in range(2)]
    clients = []
    for key in keys:
        token = gate.call(accounts.token_for_key(key.token, "clinic")).token
        clients.append(psycopg.connect(**{**gate.parameters(), "password": token}, autocommit=True))
    gate.call(accounts.revoke(keys[0].id, by="local:root"))
    until(lambda: gate.assembly.gateway.sessions == 1)
    with pytest.raises(psycopg.OperationalError):
        clients[0].execute("SELECT 1")
    assert clients[1].execute("SELECT 1").fetchone() == (1,)
    clients[1].close()


def test_a_stream_that_is_read_ends_in_the_middle(gate):
    client = Wire(gate)
    client.say(query(ENDLESS))
    client.socket.recv(1 << 20)
    deactivate(gate)
    assert read_to_the_end(client) < BUFFERS_BYTES


def test_a_stream_that_nobody_reads_ends_and_what_was_kept_for_it_is_dropped(gate, hospital):
    client = Wire(gate)
    client.say(query(ENDLESS))
    (session,) = [session for _, session in gate.assembly.gateway._sessions.values()]
    until(lambda: session.client.unsent > 0)
    deactivate(gate)
    until(lambda: gate.assembly.gateway.sessions == 0)
    assert session.client.closed, "not kept open until somebody reads"
    until(lambda: hospital.superuser(BACKENDS).strip() == "0")
    assert read_to_the_end(client) < BUFFERS_BYTES


BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lockgate local:bot%'"


def read_to_the_end(client) -> int:
    total = 0
    try:
        while more := client.socket.recv(1 << 20):
            total += len(more)
    except ConnectionError:
        pass
    return total


def test_a_held_action_is_not_executed_for_who_is_gone_meanwhile(gate, hospital):
    agent = gate.connect()
    waiting = gate.in_background(lambda: agent.execute("UPDATE task SET done = true WHERE id = 2"))
    request = gate.wait_pending()
    deactivate(gate)
    with pytest.raises(psycopg.OperationalError):
        waiting.result()
    gate.vote(request, "rita")
    assert hospital.superuser("SELECT done FROM task WHERE id = 2").strip() == "f"


def test_a_held_action_looks_again_even_if_nobody_told(gate, hospital):
    agent = gate.connect()
    waiting = gate.in_background(lambda: agent.execute("UPDATE task SET done = true WHERE id = 2"))
    request = gate.wait_pending()
    quietly(gate)
    gate.vote(request, "rita")
    with pytest.raises(psycopg.OperationalError):
        waiting.result()
    until(lambda: gate.assembly.gateway.sessions == 0)
    assert gate.events("intent") == []
    assert hospital.superuser("SELECT done FROM task WHERE id = 2").strip() == "f"


def test_a_change_that_nobody_told_of_is_found_at_the_next_look(gate):
    gate.assembly.gateway.watch.recheck_s = 0.1
    client = Wire(gate)
    quietly(gate, "ana")
    ((kind, body),) = client.hear(1)
    assert (kind, b"C28000\0" in body) == (b"E", True)


def test_a_session_of_twelve_hours_ends_between_transactions(gate):
    gateway = gate.assembly.gateway
    idle, busy = Wire(gate), gate.connect(autocommit=False)
    assert busy.execute("SELECT count(*) FROM ward").fetchone() == (6,)
    gateway.watch.longest_s = 0
    gate.loop.call_soon_threadsafe(gateway.accounts_changed)
    ((kind, body),) = idle.hear(1)
    assert (kind, b"C57P01\0" in body, b"twelve hours" in body) == (b"E", True, True)
    until(lambda: gateway.sessions == 1)
    assert busy.execute("SELECT 2").fetchone() == (2,), "the open transaction goes on"
    busy.commit()
    until(lambda: gateway.sessions == 0)
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT 3")
