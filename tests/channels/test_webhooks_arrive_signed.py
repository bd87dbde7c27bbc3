"""Signed webhooks against a real HTTP server: verified by the standard-webhooks library, retried while it is down."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import psycopg
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from lockgate.channels.webhook import deliver_due, signing_secret
from lockgate.services.approvals import Rules
from lockgate.store import KeyRing, open_store
from lockgate.store.outbox import MOST_ATTEMPTS, claim, put, undelivered
from support import start_gate, stop_gate


@pytest.fixture
def receiver():
    """A server that answers 500 first and 204 then, and keeps what it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((dict(self.headers.items()), body))
            self.send_response(500 if len(got) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()


async def test_a_failed_delivery_is_repeated_with_the_same_id_and_a_valid_signature(tmp_path, receiver):
    url, got = receiver
    keys, now = KeyRing.generate(), [1_000_000_000_000_000]
    signer = Webhook(signing_secret(keys))
    async with (
        open_store(f"sqlite:///{tmp_path}/s.db", keys=keys, clock=lambda: now[0]) as store,
        httpx.AsyncClient() as client,
    ):
        body = {"request": "req_1", "state": "PENDING"}
        await store.transact(lambda conn: (put(conn, "webhook", url, body, now_at=now[0]), []))
        assert await deliver_due(store, signer, client) == 0
        assert await deliver_due(store, signer, client) == 0, "not before its time"
        now[0] += 60_000_000
        assert await deliver_due(store, signer, client) == 1
        assert await deliver_due(store, signer, client) == 0
    assert got[0][0]["webhook-id"] == got[1][0]["webhook-id"]
    assert json.loads(got[1][1]) == body
    assert signer.verify(got[1][1].decode(), got[1][0])
    with pytest.raises(WebhookVerificationError):
        signer.verify(got[1][1].decode() + " ", got[1][0])


async def test_a_service_that_is_down_loses_nothing(tmp_path):
    keys, now = KeyRing.generate(), [1_000_000_000_000_000]
    async with (
        open_store(f"sqlite:///{tmp_path}/s.db", keys=keys, clock=lambda: now[0]) as store,
        httpx.AsyncClient() as client,
    ):
        signer = Webhook(signing_secret(keys))
        await store.transact(lambda conn: (put(conn, "webhook", "http://127.0.0.1:1/", {"a": 1}, now_at=now[0]), []))
        for _ in range(3):
            assert await deliver_due(store, signer, client) == 0
            now[0] += 600_000_000


async def test_each_wait_is_twice_the_last_and_after_the_eighth_try_it_is_given_up(tmp_path):
    keys, start = KeyRing.generate(), 1_000_000_000_000_000
    now, tried = [start], []
    async with (
        open_store(f"sqlite:///{tmp_path}/s.db", keys=keys, clock=lambda: now[0]) as store,
        httpx.AsyncClient() as client,
    ):
        signer = Webhook(signing_secret(keys))
        await store.transact(lambda conn: (put(conn, "webhook", "http://127.0.0.1:1/", {"a": 1}, now_at=start), []))
        for _ in range(MOST_ATTEMPTS):
            tried.append((now[0] - start) // 1_000_000)
            assert await deliver_due(store, signer, client) == 0
            (waiting,) = await store.read(undelivered)
            now[0] = waiting.due_at
        assert tried == [0, 5, 15, 35, 75, 155, 315, 635]
        assert (waiting.state, waiting.error) == ("dead", "ConnectError")
        now[0] += 10**15
        assert await store.transact(lambda conn: (claim(conn, "webhook", now_at=now[0]), [])) == []


def test_a_held_statement_is_told_to_those_who_may_decide_and_says_no_phi(hospital, tmp_path, receiver):
    url, got = receiver
    gate = start_gate(hospital, tmp_path, "ai-agents", rules=Rules(cooling_s=0, webhooks=(url,)))
    try:
        with hospital.direct() as direct, gate.connect() as agent:
            ssn = direct.execute("SELECT ssn FROM patient WHERE id = 7").fetchone()[0]
            agent.execute("SET lockgate.hold = 'fail'")
            agent.execute(f"SET lockgate.reason = 'for {ssn}'")
            with pytest.raises(psycopg.Error) as held:
                agent.execute(f"SELECT name FROM patient WHERE ssn = '{ssn}'")
            assert held.value.sqlstate == "LG001"

        async def deliver() -> int:
            async with httpx.AsyncClient() as client:
                return await deliver_due(gate.assembly.store, Webhook(signing_secret(KeyRing.generate())), client)

        gate.call(deliver())
    finally:
        stop_gate(gate)
    (told,) = [json.loads(body) for _, body in got]
    assert told["state"] == "PENDING"
    assert told["reviewers"] == ["local:paul", "local:rita"], "neither ana, who owns the agent, nor anybody else"
    everything = got[0][1].decode()
    assert ssn not in everything
    assert "SELECT" not in everything
