"""What a client sends may cost the gateway so much memory and no more, whatever it never takes back or never reads."""

from __future__ import annotations

import os
import socket
import struct
import time

import psycopg
import pytest

from lockgate.gateways.postgres.resolve import analyses
from lockgate.gateways.postgres.session import records
from lockgate.gateways.postgres.session.fast import LONGEST_TEXT_BYTES, FastPath
from lockgate.gateways.postgres.session.inbox import KEPT_BYTES, PAUSE_BYTES, Inbox
from lockgate.gateways.postgres.session.session import MOST_UNANSWERED
from lockgate.services.shapes import Shape

SYNC = b"S\0\0\0\4"
READY = b"Z\0\0\0\5I"


@pytest.mark.parametrize("way", ["named", "sql"])
def test_prepared_statements_are_kept_up_to_a_number(gate, monkeypatch, way):
    monkeypatch.setattr(records, "MOST_PREPARED", 10)
    with gate.connect() as agent:
        prepare_many(agent, way, 10)
        with pytest.raises(psycopg.Error) as refused:
            prepare_many(agent, way, 1, first=10)
        assert refused.value.sqlstate == "54000"
        agent.execute("DEALLOCATE p3")
        prepare_many(agent, way, 1, first=10)
        assert agent.execute("SELECT title FROM task LIMIT 1").fetchall(), "an unnamed one is always taken"


@pytest.mark.parametrize("way", ["named", "sql"])
def test_and_up_to_a_length(gate, way):
    with gate.connect() as agent:
        with pytest.raises(psycopg.Error) as refused:
            prepare_many(agent, way, 20, padding=records.MOST_PREPARED_BYTES // 15)
        assert refused.value.sqlstate == "54000"


def prepare_many(agent, way, count, *, first=0, padding=0):
    for number in range(first, first + count):
        text = f"SELECT title, {number} AS n FROM task WHERE title <> '{'x' * padding}'"
        if way == "sql":
            agent.execute(f"PREPARE p{number} AS {text}")
        else:
            result = agent.pgconn.prepare(f"p{number}".encode(), text.encode())
            if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.lookup(result.error_field(psycopg.pq.DiagnosticField.SQLSTATE).decode())


def test_analyses_are_kept_up_to_a_length(monkeypatch):
    monkeypatch.setattr(analyses, "MOST_BYTES", 100)
    kept = analyses.Analyses()
    for number in range(10):
        kept.keep((number,), object(), 30)
        kept.keep((number,), object(), 30)
    assert len(kept) == 3
    assert kept.get((9,)) is not None
    assert kept.get((6,)) is None


def test_a_long_text_is_not_kept_on_the_fast_path():
    fast = FastPath(0)
    fast.remember_text(b"SELECT 1 /* " + b"x" * LONGEST_TEXT_BYTES + b" */", 0, Shape("exe"))
    assert not fast._texts


def test_small_messages_count_for_what_they_cost():
    paused = []
    inbox = Inbox(paused.append)
    for _ in range(PAUSE_BYTES // KEPT_BYTES // 1000 + 1):
        inbox.feed(SYNC * 1000)
    assert paused[-1] is True


def test_what_is_not_answered_yet_is_not_sent_without_end(gate):
    with gate.connect() as agent:
        ((_, session),) = gate.assembly.gateway._sessions.values()
        with socket.socket(fileno=os.dup(agent.fileno())) as wire:
            wire.settimeout(1)
            slow = b"SELECT pg_sleep(30)\0"
            wire.sendall(b"Q" + struct.pack("!i", 4 + len(slow)) + slow)
            sent = wire.send(SYNC * 3 * MOST_UNANSWERED) // len(SYNC)
            assert sent > 2 * MOST_UNANSWERED
            began = time.monotonic()
            while len(session.answers.expected) < MOST_UNANSWERED and time.monotonic() < began + 20:
                time.sleep(0.1)
            time.sleep(0.3)
            assert MOST_UNANSWERED <= len(session.answers.expected) <= MOST_UNANSWERED + 10
            agent.cancel_safe()
            came = b""
            wire.settimeout(30)
            while came.count(READY) < sent + 1:
                came += wire.recv(1 << 20)
