"""The kill switch while a statement runs, and while the store that could say so does not answer."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from lockgate.errors import StoreError
from lockgate.services.approvals import RequestView, Voter
from support import tried

UPDATE = "UPDATE task SET done = true WHERE id = 11"
MASKED = "SELECT name FROM patient WHERE id = 1"
ROOT = Voter("local:root", interactive=True, token_has_act=False)


def throw(gate):
    gate.call(gate.assembly.approvals.kill_switch(True, by=ROOT, reason="drill"))


def running(hospital):
    busy = "state = 'active' AND query LIKE '%sleep(30%' AND pid <> pg_backend_pid()"
    return int(hospital.superuser(f"SELECT count(*) FROM pg_stat_activity WHERE {busy}"))


def eventually(condition, tries=100):
    for _ in range(tries):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_statement_that_runs_is_cancelled(gate, hospital):
    def sleep():
        with gate.connect() as agent:
            agent.execute("SELECT pg_sleep(30)")

    begun = time.monotonic()
    asleep = gate.in_background(sleep)
    assert eventually(lambda: running(hospital) == 1)
    throw(gate)
    with pytest.raises(psycopg.Error):
        asleep.result()
    assert eventually(lambda: running(hospital) == 0), "gone from the server, not only from the client"
    assert time.monotonic() - begun < 20


def test_clocks_run_on_votes_are_taken_and_nothing_is_executed(gate, hospital):
    assert tried(gate, UPDATE) == "LG001"
    (request,) = gate.pending()
    throw(gate)
    voted = gate.vote(request, "rita")
    assert isinstance(voted, RequestView) and voted.state == "APPROVED"
    assert voted.decide_by_at == request.decide_by_at and voted.use_by_at > 0
    with pytest.raises(psycopg.OperationalError, match="kill switch"):
        gate.connect()
    assert hospital.superuser("SELECT done FROM task WHERE id = 11").strip() == "f"


def test_what_was_approved_before_is_revoked(gate):
    assert tried(gate, UPDATE) == "LG001"
    (request,) = gate.pending()
    assert gate.vote(request, "rita").state == "APPROVED"
    throw(gate)
    assert gate.call(gate.assembly.approvals.get(request.id)).state == "REVOKED"


def test_a_process_that_hears_of_it_and_cannot_ask_stops_until_it_can(gate, monkeypatch):
    """Masked reads recorded by shape ask no store: the first failure must not leave them running."""
    agent = gate.connect()
    agent.execute(MASKED)
    answers = threading.Event()
    real = gate.assembly.approvals.stopped

    async def stopped():
        if not answers.is_set():
            raise StoreError("the store is away")
        return await real()

    monkeypatch.setattr(gate.assembly.approvals, "stopped", stopped)
    gate.loop.call_soon_threadsafe(gate.assembly._heard, "kill_switch")
    assert eventually(lambda: gate.assembly.pipeline.stopped)
    with pytest.raises(psycopg.Error) as refused:
        agent.execute(MASKED)
    assert refused.value.sqlstate == "LG005"
    time.sleep(0.7)
    assert gate.assembly.pipeline.stopped, "it was not on, but nobody has said so yet"
    answers.set()
    assert eventually(lambda: not gate.assembly.pipeline.stopped)
    assert agent.execute(MASKED).fetchone()


def test_a_lost_notice_stops_it_too_once_the_store_does_not_answer(gate, monkeypatch):
    async def stopped():
        raise StoreError("the store is away")

    monkeypatch.setattr(gate.assembly.approvals, "stopped", stopped)
    gate.loop.call_soon_threadsafe(gate.assembly._heard, "*")
    assert eventually(lambda: gate.assembly.pipeline.stopped)
