"""A gate that asks in Slack, through the real SDK and over HTTP, and what people do there."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import psycopg
import pytest

from api import Api
from lockgate.channels.slack import SlackSettings
from lockgate.store import KeyRing
from slack_standin import ROOM, SECRET, TEAM, TOKEN, SlackStandIn, buttons, click, signed, submission, trigger
from support import start_gate, stop_gate

WRITE = "UPDATE task SET done = true WHERE id = 11"


class Reviews:
    """The gate, Slack in front of it, and what people do there."""

    def __init__(self, hospital: Any, folder: Any, slack: SlackStandIn, **options: Any) -> None:
        self.hospital, self.folder, self.slack, self.options = hospital, folder, slack, options
        self.keys: KeyRing | None = None
        self.ahead_s = 0
        self.start()

    def start(self) -> None:
        settings = SlackSettings(TOKEN, SECRET, TEAM, ROOM, "http://lockgate.test/console/requests", api=self.slack.api)
        self.gate = start_gate(
            self.hospital, self.folder, "ai-agents", keys=self.keys, slack=settings, clock=self.clock, **self.options
        )
        self.keys = self.gate.assembly.keys
        self.api = Api(self.gate)

    def clock(self) -> int:
        return time.time_ns() // 1000 + self.ahead_s * 1_000_000

    def restart(self) -> None:
        """The process ends, whatever it was at, and another begins over the same store."""
        stop_gate(self.gate)
        self.start()

    def work(self) -> None:
        """What the server's loop does, until nothing is due."""
        found = self.gate.assembly.slack
        assert found is not None

        async def go() -> None:
            await found.idle()
            await found.counter.count_due()
            await found.sender.deliver_due()

        self.gate.call(go())

    def deliver(self, path: str, fields: dict[str, str], **changed: Any) -> httpx.Response:
        """As Slack would: `at_s` and `secret` make it another's; `headers` go over its own."""
        now_s = changed.get("at_s", self.clock() // 1_000_000)
        body, headers = signed(fields, now_s, changed.get("secret", SECRET))
        return self.send(path, changed.get("body", body), headers | changed.get("headers", {}))

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.api.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gate.test") as client:
                return await client.post(f"/api/v1/slack/deliveries/{path}", content=body, headers=headers)

        return self.gate.call(go())

    def interact(self, payload: dict[str, Any], **changed: Any) -> httpx.Response:
        answer = self.deliver("interactions", {"payload": json.dumps(payload)}, **changed)
        if answer.is_success:
            found = self.gate.assembly.slack
            assert found is not None
            self.gate.call(found.idle())
        return answer

    def command(self, by: str, text: str = "", **fields: str) -> str:
        said = {"command": "/lockgate", "team_id": TEAM, "user_id": by, "text": text, "channel_id": ROOM} | fields
        said |= {"trigger_id": trigger()}
        answer = self.deliver("commands", said)
        assert answer.status_code == 200, answer.text
        assert answer.json()["response_type"] == "ephemeral"
        return str(answer.json()["text"])

    def link(self, by: str, person: str) -> None:
        code = self.command(by, "link").split("`")[1]
        assert self.api.did(person, "POST", "/slack/links", {"code": code})["account"] == f"slack:{TEAM}.{by}"

    def asked(self, statement: str = WRITE, *before: str) -> Any:
        """The agent asks, and does not wait."""
        with self.gate.connect() as agent:
            agent.execute("SET lockgate.hold = 'fail'")
            for one in before:
                agent.execute(one)
            with pytest.raises(psycopg.Error) as held:
                agent.execute(statement)
            assert held.value.sqlstate == "LG001"
        return self.gate.wait_pending()

    def message(self) -> tuple[str, dict[str, Any]]:
        """The one message that stands in the room."""
        ((name, said),) = self.slack.messages.items()
        return name, said

    def press(self, by: str, action: str = "lockgate.approve", **changes: Any) -> httpx.Response:
        name, said = self.message()
        return self.interact(click(by, said, name, action, **changes))

    def send_form(self, by: str, reason: str | None = "agreed", **changes: Any) -> httpx.Response:
        return self.interact(submission(by, self.slack.forms[-1], reason, **changes))

    def decide(self, by: str, action: str = "lockgate.approve", reason: str = "agreed") -> None:
        self.press(by, action)
        self.send_form(by, reason)
        self.work()

    def whispered(self, to: str) -> str:
        return " | ".join(text for who, text in self.slack.whispers if who == to)

    def has_buttons(self) -> bool:
        return bool(buttons(self.message()[1]))

    def state(self, request: Any) -> str:
        return str(self.gate.call(self.gate.assembly.approvals.get(request.id)).state)
