"""People at browsers that keep cookies, in front of a running gate's console over real HTTP."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from support import PASSWORD, Gate

HELD = "UPDATE task SET done = true WHERE id = {}"


@dataclass
class Console:
    """Where it listens. `browser` is somebody's, logged in or not."""

    gate: Gate
    port: int
    browsers: list[Browser] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, person: str = "") -> Browser:
        made = Browser(self.url)
        self.browsers.append(made)
        if person:
            assert made.login(person).status_code == 303
        return made

    def ask(self, number: int = 1, **options: Any) -> Any:
        """The agent sends a write, which is held; what became of it, and the request."""
        before = {view.id for view in self.gate.pending()}

        def send() -> int:
            with self.gate.connect(**options) as agent:
                return agent.execute(HELD.format(number)).rowcount

        running = self.gate.in_background(send)
        for _ in range(200):
            new = [view for view in self.gate.pending() if view.id not in before]
            if new:
                return running, new[0]
            self.gate.call(asyncio.sleep(0.05))
        raise AssertionError("nothing became pending")


class Form(HTMLParser):
    """The fields of each form of a page, by where it is sent."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._now: dict[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self._now = self.forms.setdefault(given["action"], {})
        elif tag == "input" and self._now is not None and given.get("type") == "hidden":
            self._now[given["name"]] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._now = None


class Browser:
    """Cookies, and the headers by which a browser says where a form is from."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=20)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.headers.get("location"))
        return answer.text

    def forms(self, path: str) -> dict[str, dict[str, str]]:
        return Form(self.page(path)).forms

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        return self.http.post(path, data=fields, headers={"sec-fetch-site": "same-origin", "origin": "null"} | headers)

    def login(self, person: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        fields = self.forms("/console/login")["/console/login"]
        return self.post("/console/login", fields | {"user": person, "password": password} | more)

    def decide(self, request: str, what: str, **fields: str) -> httpx.Response:
        """Open the request, and send its form."""
        action = f"/console/requests/{request}/{what}"
        return self.post(action, self.forms(f"/console/requests/{request}")[action] | fields)


def text_of(page: str) -> str:
    """What somebody reads."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
