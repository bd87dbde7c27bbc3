"""The HTTP API in front of a running gate, as people call it."""

from __future__ import annotations

import httpx

from lockgate.server.api import create_app
from support import PASSWORD

EXAMPLE = "UPDATE task SET done = true WHERE id = 11"


class Api:
    """Interactive sessions of people, and anything else that calls itself a token; nobody's call names "" as person."""

    def __init__(self, gate):
        self.gate, self.app, self.sessions = gate, create_app(gate.assembly), {}

    def __call__(self, person, method, path, body=None, *, token=None):
        async def go():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gate.test") as client:
                if person and token is None and person not in self.sessions:
                    answer = await client.post("/api/v1/login", json={"user": person, "password": PASSWORD})
                    self.sessions[person] = answer.json()["token"]
                bearer = self.sessions.get(person, "") if token is None else token
                headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
                return await client.request(method, f"/api/v1{path}", json=body, headers=headers)

        return self.gate.call(go())

    def did(self, person, method, path, body=None):
        answer = self(person, method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, person, method, path, body=None):
        answer = self(person, method, path, body)
        assert answer.status_code in (403, 409), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()["title"]

    def vote(self, person, request, *, approve=True):
        """The answer to a vote on what this person was shown."""
        shown = self.did(person, "GET", f"/requests/{request}")
        body = {key: shown[key] for key in ("action_digest", "view_digest")}
        return self(person, "POST", f"/requests/{request}/vote", {**body, "approve": approve, "reason": "looked"})

    def state(self, request):
        return self.did("rita", "GET", f"/requests/{request}")["state"]

    def standing(self, statement=EXAMPLE, person="ana", account="local:bot", **changes):
        body = {"connection": "clinic", "account": account, "statement": statement, "uses": 2, "minutes": 60}
        return self.did(person, "POST", "/standing", body | changes)["request"]
