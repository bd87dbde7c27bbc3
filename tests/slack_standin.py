"""A stand-in of Slack: its Web API over HTTP as `slack_sdk` calls it, and deliveries signed as Slack signs them.

It keeps what is posted, updates it, opens forms, and answers `ok: false` with Slack's own words; it can be shut and
opened again on the same port, and say 429.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "xoxb-1234-a-token-of-the-tests"
_triggers = itertools.count()
TEAM, ROOM = "T0CLINIC", "C0REVIEWS"


def user(id: str, name: str, **flags: Any) -> dict[str, Any]:
    """As users.info describes one."""
    return {
        "id": id,
        "team_id": TEAM,
        "name": name,
        "real_name": name.title(),
        "deleted": False,
        "is_bot": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_app_user": False,
    } | flags


class SlackStandIn:
    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.bodies: list[str] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.forms: list[dict[str, Any]] = []
        self.whispers: list[tuple[str, str]] = []
        self.users = {
            "URITA": user("URITA", "rita"),
            "UPAUL": user("UPAUL", "paul"),
            "UANA": user("UANA", "ana"),
            "UGUEST": user("UGUEST", "guest", is_restricted=True),
            "UFAR": user("UFAR", "far", team_id="T0OTHER", is_stranger=True),
        }
        self.next: list[tuple[int, dict[str, str], dict[str, Any]]] = []
        """Answers to give before any other."""
        self.after: Callable[[str], None] = lambda method: None
        """Called when a method was done and its answer is not sent yet."""
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._lock = threading.Lock()
        self.open()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/"

    def open(self) -> None:
        slack = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
                status, headers, body = slack._answer(self.path, dict(self.headers.items()), raw)
                written = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _answer(self, path: str, headers: dict[str, str], raw: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        with self._lock:
            path, _, query = path.partition("?")
            method = path.removeprefix("/api/")
            kind = {k.lower(): v for k, v in headers.items()}.get("content-type", "")
            said = json.loads(raw) if "json" in kind else {k: v[0] for k, v in parse_qs(raw or query).items()}
            self.calls.append((method, said))
            self.bodies.append(raw)
            if {k.lower(): v for k, v in headers.items()}.get("authorization") != f"Bearer {TOKEN}":
                return 200, {}, {"ok": False, "error": "invalid_auth"}
            if self.next:
                return self.next.pop(0)
            done = self._do(method, said)
        self.after(method)
        return 200, {}, done

    def _do(self, method: str, said: dict[str, Any]) -> dict[str, Any]:
        blocks = said.get("blocks", [])
        said["blocks"] = json.loads(blocks) if isinstance(blocks, str) else blocks
        if method == "chat.postMessage":
            if said.get("channel") != ROOM:
                return {"ok": False, "error": "channel_not_found"}
            name = f"1700000000.{len(self.calls):06}"
            self.messages[name] = said
            return {"ok": True, "channel": ROOM, "ts": name, "message": {"text": said.get("text", "")}}
        if method == "chat.update":
            if said.get("ts") not in self.messages:
                return {"ok": False, "error": "message_not_found"}
            self.messages[said["ts"]] = said
            return {"ok": True, "channel": said["channel"], "ts": said["ts"], "text": said.get("text", "")}
        if method == "chat.postEphemeral":
            self.whispers.append((said["user"], said["text"]))
            return {"ok": True, "message_ts": "1700000001.000001"}
        if method == "views.open":
            view = said["view"]
            self.forms.append(json.loads(view) if isinstance(view, str) else view)
            return {"ok": True, "view": {"id": f"V{len(self.forms)}"}}
        if method == "users.info":
            found = self.users.get(str(said.get("user")))
            return {"ok": True, "user": found} if found else {"ok": False, "error": "user_not_found"}
        return {"ok": False, "error": "unknown_method"}

    def count(self, method: str) -> int:
        return sum(1 for called, _ in self.calls if called == method)


# what Slack delivers ----------------------------------------------------------------------------------------------


def trigger() -> str:
    """Of no two deliveries the same."""
    return f"13345224609.738474920.{next(_triggers):032x}"


def signed(fields: dict[str, str], now_s: int, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    body = urlencode(fields).encode()
    mac = hmac.new(secret.encode(), f"v0:{now_s}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": str(now_s),
        "x-slack-signature": f"v0={mac}",
    }


def click(by: str, message: dict[str, Any], name: str, action: str, **changes: Any) -> dict[str, Any]:
    """Pressing a button under a message, as Slack tells of it."""
    (pressed,) = [b for b in buttons(message) if b["action_id"] == action]
    return {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "clinic"},
        "enterprise": None,
        "user": {"id": by, "username": by.lower(), "team_id": TEAM},
        "container": {"type": "message", "message_ts": name, "channel_id": ROOM, "is_ephemeral": False},
        "channel": {"id": ROOM, "name": "reviews"},
        "trigger_id": trigger(),
        "message": {"type": "message", "ts": name, "blocks": message["blocks"]},
        "actions": [{**pressed, "block_id": "lockgate", "action_ts": "1700000002.000001"}],
    } | changes


def submission(by: str, form: dict[str, Any], reason: str | None, **changes: Any) -> dict[str, Any]:
    """Sending a form, as Slack tells of it."""
    return {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "clinic"},
        "enterprise": None,
        "user": {"id": by, "username": by.lower(), "team_id": TEAM},
        "trigger_id": trigger(),
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": form["callback_id"],
            "private_metadata": form["private_metadata"],
            "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}},
        },
        "response_urls": [],
    } | changes


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [element for block in message["blocks"] if block["type"] == "actions" for element in block["elements"]]


def words(message: dict[str, Any]) -> str:
    """All that is written in a message."""
    return json.dumps(message)
