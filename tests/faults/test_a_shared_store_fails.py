"""A store on PostgreSQL is locked, hangs, is killed, restarted, or hangs up: nothing runs without its intent, and the
client is told so; whoever waits is woken once it is back, and what has happened is told later.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from pathlib import Path

import psycopg
import pytest
from crashing import family, kill_postgres
from reviving import start_again
from sqlalchemy import select
from waits import shorten_waits
from world import until

from lockgate.audit import Entry, Verdict, verify_log
from lockgate.demo.embedded import EmbeddedPostgres
from lockgate.demo.hospital import CATALOG
from lockgate.errors import LockgateError
from lockgate.store import presence
from lockgate.store.tables import log as t
from support import start_gate, stop_gate

READ = "SELECT name FROM patient"
"""Under `audit: each` its intent must be durable before each run."""
ALONE = "SELECT pg_try_advisory_lock(7155114)"


class StoreServer(EmbeddedPostgres):
    """A PostgreSQL of the store's own, which can hang, die and come back."""

    def url_of_store(self) -> str:
        return self.url("postgres", "store").replace("@", f":{self.password}@")

    @property
    def pid_file(self) -> Path:
        return self.root / "data" / "postmaster.pid"

    def hang(self) -> None:
        for pid in family(self.pid_file):
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in family(self.pid_file):
            os.kill(pid, signal.SIGCONT)

    def kill(self) -> None:
        kill_postgres(self.pid_file)

    def revive(self) -> None:
        start_again(self)


@pytest.fixture(scope="module")
def server():
    with StoreServer() as started:
        yield started


@pytest.fixture
def gate(hospital, server, tmp_path, monkeypatch):
    shorten_waits(monkeypatch, connect_s=2.0)
    server.psql("CREATE DATABASE store")
    started = start_gate(hospital, tmp_path, "ai-agents", audit="each", store_url=server.url_of_store())
    yield started
    stop_gate(started)
    server.psql("DROP DATABASE store WITH (FORCE)")


def refused(agent, asked=READ):
    """The statement ends in LG005 and says what to do, and the server has not seen it."""
    with pytest.raises(psycopg.Error) as failed:
        agent.execute(asked)
    assert failed.value.sqlstate == "LG005"
    assert "nothing was executed" in str(failed.value)
    assert failed.value.diag.message_hint


def eventually(found, what):
    """`until`, where the store may not be back yet."""

    def attempt():
        with contextlib.suppress(LockgateError):
            return found()
        return None

    return until(attempt, what)


def runs(agent) -> bool:
    with contextlib.suppress(psycopg.Error):
        return agent.execute(READ) is not None
    return False


def check_log(gate) -> None:
    """Signed to its end, it verifies, and each intent has its outcome."""

    def entries(conn):
        rows = conn.execute(
            select(t.events, t.nodes.c.hash)
            .join(t.nodes, (t.nodes.c.level == 0) & (t.nodes.c.position == t.events.c.leaf_index))
            .order_by(t.events.c.leaf_index)
        )
        found = [Entry(r.leaf_index, r.id, bytes(r.leaf), bytes(r.hash), (r.type, r.request)) for r in rows]
        notes = list(conn.execute(select(t.checkpoints.c.note).order_by(t.checkpoints.c.size)).scalars())
        return found, notes

    def complete():
        gate.call(gate.assembly.log.sequence())
        found, notes = gate.call(gate.assembly.store.read(entries))
        report = verify_log(found, notes, [gate.assembly.log.signer.verifier], kept=[], pending=0)
        assert report.verdict is not Verdict.BROKEN, report.problems
        return not report.unmatched

    eventually(complete, "every outcome")


def task_is_done(hospital, number: int) -> bool:
    with hospital.direct() as direct:
        return bool(direct.execute("SELECT done FROM task WHERE id = %s", (number,)).fetchone()[0])


@pytest.fixture
def undone(hospital):
    yield
    with hospital.direct() as direct:
        direct.execute("UPDATE task SET done = false WHERE id IN (4, 5, 6)")


def held(gate, number: int):
    """A write that waits for people, in the background."""
    agent = gate.connect()
    waiting = gate.in_background(lambda: agent.execute(f"UPDATE task SET done = true WHERE id = {number}"))
    return gate.wait_pending(), waiting


@contextlib.contextmanager
def hung_up(gate, server, monkeypatch):
    """The session that listens is ended, and no other is made before this is over."""
    mine = gate.assembly.store._engine.presence
    may_connect = threading.Event()
    connect = presence.Presence._connect

    async def later(self):
        if self is mine:
            await asyncio.to_thread(may_connect.wait)
        await connect(self)

    with monkeypatch.context() as patched:
        patched.setattr(presence.Presence, "_connect", later)
        server.psql(f"SELECT pg_terminate_backend({mine._session.get_server_pid()})")
        try:
            until(lambda: mine._session is None, "the end of the session")
            yield
        finally:
            may_connect.set()


def test_a_locked_store_executes_nothing(gate, server):
    with gate.connect() as agent:
        agent.execute(READ)
        with psycopg.connect(server.url_of_store()) as holder:
            holder.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            refused(agent)
        agent.execute(READ)
    check_log(gate)


def test_a_store_that_hangs_executes_nothing(gate, server):
    with gate.connect() as agent:
        agent.execute(READ)
        server.hang()
        try:
            refused(agent)
        finally:
            server.go_on()
        until(lambda: runs(agent), "the store")
    check_log(gate)


def test_a_store_that_was_killed_executes_nothing_until_it_is_back(gate, server):
    with gate.connect() as agent:
        agent.execute(READ)
        server.kill()
        refused(agent)
        server.revive()
        until(lambda: runs(agent), "the store")
    check_log(gate)


def test_whoever_waits_is_woken_once_the_store_is_back(gate, server, hospital, undone):
    request, waiting = held(gate, 4)
    server.kill()
    server.revive()
    eventually(lambda: gate.vote(request, "rita"), "the vote")
    waiting.result()
    assert task_is_done(hospital, 4)
    check_log(gate)


def test_a_vote_that_was_not_heard_wakes_whoever_waits(gate, server, hospital, undone, monkeypatch):
    """Somebody votes at another process while there is no session that listens."""
    request, waiting = held(gate, 5)
    other = start_gate(hospital, gate.state, "ai-agents", keys=gate.assembly.keys, store_url=server.url_of_store())
    try:
        with hung_up(gate, server, monkeypatch):
            other.vote(request, "rita")
            assert not task_is_done(hospital, 5)
        waiting.result()
        assert task_is_done(hospital, 5)
    finally:
        stop_gate(other)
    check_log(gate)


def test_what_has_happened_while_the_store_was_away_is_told_later(gate, server, hospital, undone):
    with hospital.direct() as blocker, blocker.transaction():
        blocker.execute("SELECT FROM task WHERE id = 6 FOR UPDATE")
        request, waiting = held(gate, 6)
        gate.vote(request, "rita")
        until(lambda: gate.events("intent"), "the intent")
        server.kill()
    waiting.result()
    assert task_is_done(hospital, 6)
    server.revive()
    eventually(lambda: [e for e in gate.events("outcome") if '"SUCCEEDED"' in str(e["leaf"])], "the outcome")
    check_log(gate)


def test_a_store_that_somebody_has_alone_is_not_written(gate, server, monkeypatch):
    """Whoever restores it has it alone, also while this process's pool is still connected."""
    with gate.connect() as agent, psycopg.connect(server.url_of_store(), autocommit=True) as alone:
        agent.execute(READ)
        with hung_up(gate, server, monkeypatch):
            until(lambda: alone.execute(ALONE).fetchone()[0], "the lock")
        refused(agent)
        alone.execute("SELECT pg_advisory_unlock_all()")
        until(lambda: runs(agent), "the store")
    check_log(gate)


def test_a_phi_map_accepted_at_one_process_is_in_force_at_the_other(gate, server, hospital):
    other = start_gate(hospital, gate.state, "ai-agents", keys=gate.assembly.keys, store_url=server.url_of_store())
    try:
        stricter = CATALOG.read_text().replace("sex: none", "sex: other_id")
        accepted = other.call(other.assembly.catalog.accept("clinic", stricter, by="local:root"))
        until(lambda: gate.assembly.catalog.current("clinic").digest == accepted.digest, "the new map")
    finally:
        stop_gate(other)
