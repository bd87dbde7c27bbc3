"""Socket Mode: the real client of `slack_sdk`, a WebSocket that speaks Slack's envelopes, the same rules."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace

import pytest
from aiohttp import WSMsgType, web

from lockgate.channels.slack import socket_mode
from lockgate.channels.slack.service import Slack
from slack_standin import ROOM, TEAM, click, submission

APP_TOKEN = "xapp-1-A0-a-token-of-the-tests"


class SocketStandIn:
    """`apps.connections.open` and the WebSocket that it names."""

    def __init__(self) -> None:
        self.acks: list[dict] = []
        self.opened = 0
        self.authorized: list[str] = []
        self._live: web.WebSocketResponse | None = None
        self._heard = threading.Condition()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.port = self.call(self._start())

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    async def _start(self) -> int:
        app = web.Application()
        app.router.add_post("/api/apps.connections.open", self._open)
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return self._runner.addresses[0][1]

    async def _open(self, request: web.Request) -> web.Response:
        self.authorized.append(request.headers.get("authorization", ""))
        return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{self.port}/link?ticket=secret-ticket"})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        live = web.WebSocketResponse()
        await live.prepare(request)
        await live.send_json({"type": "hello", "num_connections": 1})
        self._live = live
        with self._heard:
            self.opened += 1
            self._heard.notify_all()
        async for message in live:
            if message.type is WSMsgType.TEXT:
                with self._heard:
                    self.acks.append(json.loads(message.data))
                    self._heard.notify_all()
        return live

    def until(self, true) -> None:
        with self._heard:
            assert self._heard.wait_for(true, 20)

    def send(self, kind: str, payload: dict, name: str) -> dict:
        """Deliver an envelope; its acknowledgement."""
        before = len(self.acks)
        envelope = {"type": kind, "envelope_id": name, "payload": payload, "accepts_response_payload": True}
        self.call(self._live.send_json(envelope))
        self.until(lambda: len(self.acks) > before)
        return self.acks[-1]

    def cut(self) -> None:
        self.call(self._live.close())

    def close(self) -> None:
        self.call(self._runner.cleanup())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def socket(reviews, slack, monkeypatch):
    """The gate's Slack, connected; the Web API stays where it is."""
    far = SocketStandIn()
    found = reviews.gate.assembly.slack
    real = socket_mode.calling.client
    opened = replace(found.settings, api=f"http://127.0.0.1:{far.port}/api/")
    monkeypatch.setattr(socket_mode.calling, "client", lambda _: real(opened))
    monkeypatch.setattr(socket_mode, "AGAIN_S", 0.1)
    assert isinstance(found, Slack)
    link = socket_mode.Socket(replace(found.settings, app_token=APP_TOKEN, signing_secret=""), found.envelope)
    task = asyncio.run_coroutine_threadsafe(link.run(), reviews.gate.loop)
    far.until(lambda: far.opened == 1)
    yield far
    task.cancel()
    reviews.gate.call(asyncio.sleep(0.2))
    far.close()


def command(by: str, text: str = "", team: str = TEAM) -> dict:
    return {"command": "/lockgate", "team_id": team, "user_id": by, "text": text, "channel_id": ROOM}


def test_a_request_is_decided_over_the_socket(reviews, slack, socket):
    assert socket.authorized == [f"Bearer {APP_TOKEN}"]
    told = socket.send("slash_commands", command("URITA", "link"), "e1")
    assert told["envelope_id"] == "e1"
    code = told["payload"]["text"].split("`")[1]
    reviews.api.did("rita", "POST", "/slack/links", {"code": code})
    request = reviews.asked()
    reviews.work()
    name, said = reviews.message()
    assert socket.send("interactive", click("URITA", said, name, "lockgate.approve"), "e2")["envelope_id"] == "e2"
    reviews.work()
    sent = submission("URITA", slack.forms[-1], "agreed")
    assert socket.send("interactive", sent, "e3") == {"envelope_id": "e3"}
    socket.send("interactive", sent, "e3")
    reviews.work()
    assert reviews.state(request) == "APPROVED" and len(reviews.gate.events("vote")) == 1


def test_another_workspace_is_refused_there_too(reviews, socket, caplog):
    assert "payload" not in socket.send("slash_commands", command("URITA", "link", team="T0OTHER"), "e1")
    assert "payload" not in socket.send("events_api", {"team_id": TEAM}, "e2")
    assert "secret-ticket" not in caplog.text and APP_TOKEN not in caplog.text


def test_a_connection_that_breaks_is_opened_again(reviews, socket):
    socket.cut()
    socket.until(lambda: socket.opened == 2)
    assert "Your code is" in socket.send("slash_commands", command("URITA", "link"), "e9")["payload"]["text"]


def test_without_a_signing_secret_nothing_is_taken_over_http(reviews):
    found = reviews.gate.assembly.slack
    found.settings = replace(found.settings, signing_secret="", app_token=APP_TOKEN)
    for secret in ("", " ", "8f742231b10e8888abcd99yyyzzz85a5"):
        assert reviews.deliver("commands", command("URITA", "link"), secret=secret).status_code == 401
