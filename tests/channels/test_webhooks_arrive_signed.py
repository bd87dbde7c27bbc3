"""Signed webhooks against a real HTTP server: verified by the standard-webhooks library, retried while it is down."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from lockgate.channels.webhook import deliver_due, signing_secret
from lockgate.store import KeyRing, open_store
from lockgate.store.outbox import put


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
