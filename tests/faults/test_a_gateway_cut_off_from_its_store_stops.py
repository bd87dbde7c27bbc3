"""Two gateways on one store, one of which loses it and lives on, with its clients and the database that they read: what
it no longer hears of, it must not go on without. Masked reads recorded by shape ask no store when they run.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time

import psycopg
import pytest
from cutting import Wire
from waits import shorten_waits
from world import until

from lockgate.demo.embedded import EmbeddedPostgres
from lockgate.errors import LockgateError
from lockgate.server import stopping
from lockgate.services.approvals import Voter
from support import PASSWORD, start_gate, stop_gate

MASKED = "SELECT name FROM patient WHERE id < 4"
CLEAN = "SELECT id FROM task WHERE id < 4"
"""Nothing of it is masked: prepared, it is sent on without another look."""
BOUND_S = 6.0
"""With the waits below: how long a statement may still begin."""


@pytest.fixture(scope="module")
def server():
    with EmbeddedPostgres() as started:
        yield started


@pytest.fixture
def shared(hospital, server, tmp_path, monkeypatch):
    """(the gateway that is cut off, another one, the wire)"""
    shorten_waits(monkeypatch, connect_s=1.0)
    for name, value in (("ANSWER_S", 1.0), ("AWAY_S", 1.0), ("ENDS_S", 3.0)):
        monkeypatch.setattr(stopping, name, value)
    name = f"store_{secrets.token_hex(4)}"
    server.psql(f"CREATE DATABASE {name}")
    url = server.url("postgres", name).replace("@", f":{server.password}@")
    with Wire(url) as wire:
        other = start_gate(hospital, tmp_path, "ai-agents", store_url=url)
        other.call(other.assembly.accounts.create_user("ruth", PASSWORD, by="init", groups=["admins"]))
        cut = start_gate(hospital, tmp_path, "ai-agents", store_url=wire.url, keys=other.assembly.keys)
        try:
            yield cut, other, wire
        finally:
            wire.mend()
            stop_gate(cut)
            stop_gate(other)
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


def runs(agent, statement=MASKED) -> bool:
    with contextlib.suppress(psycopg.Error):
        return agent.execute(statement, prepare=statement == CLEAN) is not None
    return False


def stops_within(agent, seconds, statement=MASKED):
    """SQLSTATE and words of the first refusal; fails where statements still begin after so long. An end that arrives
    behind an answer, before the next statement, is a notice to libpq, and what it raises then gives no reason. A notice
    can be read as long as it is handled, no longer."""
    ended = []
    agent.add_notice_handler(lambda notice: ended.append(as_said(notice)))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            agent.execute(statement, prepare=statement == CLEAN)
        except psycopg.Error as error:
            return ended[-1] if error.diag.sqlstate is None and ended else as_said(error.diag)
        threading.Event().wait(0.05)
    raise AssertionError("it still reads")


def as_said(why):
    return why.sqlstate, f"{why.message_primary} {why.message_hint}"


def switch(gate, on, *people):
    for person in people:
        voter = Voter(f"local:{person}", interactive=True, token_has_act=False)
        gate.call(gate.assembly.approvals.kill_switch(on, by=voter, reason="drill"))


def eventually(found, what):
    def attempt():
        with contextlib.suppress(LockgateError):
            return found()
        return None

    return until(attempt, what)


@pytest.mark.parametrize("statement", [MASKED, CLEAN], ids=["masked", "clean"])
@pytest.mark.parametrize("way", ["silence", "hang up"])
def test_it_reads_no_longer_where_it_would_not_hear_of_the_kill_switch(shared, statement, way):
    cut, other, wire = shared
    parameters = cut.parameters()
    agent = psycopg.connect(**parameters, autocommit=True)
    for _ in range(3):
        assert runs(agent, statement)
    if way == "silence":
        wire.silence()
    else:
        wire.refuse()
        wire.hang_up()
    switch(other, True, "root")
    assert stops_within(agent, BOUND_S, statement)[0] in ("LG005", "57P01")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**parameters)
    wire.mend()
    switch(other, False, "root", "ruth")
    assert eventually(lambda: not cut.assembly.pipeline.stopped, "the end of it")
    agent = cut.connect()
    assert runs(agent, statement)


def test_it_reads_no_longer_where_only_the_session_that_listens_is_lost(shared):
    """The pool still answers, whoever asks it; but nobody tells it anything any more."""
    cut, other, wire = shared
    agent = cut.connect()
    assert runs(agent)
    wire.refuse()
    wire.hang_up(oldest=True)
    until(lambda: not cut.assembly.store._engine.presence._here.is_set(), "the loss")
    switch(other, True, "root")
    assert stops_within(agent, BOUND_S)[0] in ("LG005", "57P01")


def test_it_does_not_say_that_somebody_has_turned_the_switch_on(shared):
    cut, _, wire = shared
    agent = cut.connect()
    assert runs(agent)
    wire.refuse()
    wire.hang_up()
    _, said = stops_within(agent, BOUND_S)
    assert "kill switch" not in said
    assert "store" in said


def test_what_was_revoked_meanwhile_is_revoked_when_it_is_back(shared):
    cut, other, wire = shared
    agent = cut.connect()
    assert runs(agent)
    wire.silence()
    other.call(other.assembly.accounts.deactivate("local:bot", by="local:root"))
    stops_within(agent, BOUND_S)
    wire.mend()
    eventually(lambda: not cut.assembly.pipeline.stopped, "the store")
    until(lambda: agent.closed or not runs(agent), "the end of the session")
    with pytest.raises(psycopg.Error):
        agent.execute(MASKED)


def test_what_is_approved_elsewhere_meanwhile_runs_only_when_it_is_back(shared, hospital):
    cut, other, wire = shared
    agent = cut.connect()
    waiting = cut.in_background(lambda: agent.execute("UPDATE task SET done = true WHERE id = 9"))
    request = other.wait_pending()
    wire.silence()
    other.vote(request, "rita")
    threading.Event().wait(2.0)
    assert hospital.superuser("SELECT done FROM task WHERE id = 9").strip() == "f"
    assert not other.events("grant.consumed")
    wire.mend()
    with contextlib.suppress(psycopg.Error):
        waiting.result()
    done = hospital.superuser("UPDATE task SET done = false WHERE id = 9 AND done RETURNING id").strip()
    assert bool(done) == bool(other.events("grant.consumed"))


def test_what_it_reads_on_and_on_ends_too(shared):
    """A stream that began before is cut, at a time at which the others may have given it up."""
    cut, _, wire = shared
    agent = cut.connect()
    long = cut.in_background(lambda: agent.execute("SELECT pg_sleep(30)"))
    until(lambda: cut.events("intent"), "its intent")
    wire.silence()
    begun = time.monotonic()
    with pytest.raises(psycopg.Error):
        long.result()
    assert time.monotonic() - begun < 12


def test_a_store_that_is_away_for_a_moment_stops_nobody(shared):
    cut, _, wire = shared
    agent = cut.connect()
    assert runs(agent)
    wire.hang_up()
    for _ in range(20):
        assert runs(agent)
        threading.Event().wait(0.05)
