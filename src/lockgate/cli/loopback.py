"""A port of this machine that waits for the one answer of a login (RFC 8252, section 7.3)."""

from __future__ import annotations

import hmac
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from lockgate.errors import AuthenticationError

PAGE = b"<!doctype html><meta charset=utf-8><title>Lockgate</title><p>This window can be closed: go on in the terminal."
STALLED_S = 5.0


class Loopback:
    """On 127.0.0.1 only, while the `with` lasts. Whatever does not name the login's own state is passed over."""

    def __init__(self) -> None:
        found: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            timeout = STALLED_S

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                said = dict(parse_qsl(parts.query))
                mine = hmac.compare_digest(said.get("state", "").encode(), outer.state.encode())
                if parts.path != "/callback" or not outer.state or not mine:
                    self.send_error(404)
                    return
                found.update(said)
                self.send_response(200)
                headers = {"content-type": "text/html; charset=utf-8", "content-length": str(len(PAGE))}
                headers |= {"cache-control": "no-store", "content-security-policy": "default-src 'none'"}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(PAGE)

            def log_message(self, format: str, *args: object) -> None:
                """Never: the address that is asked for holds the code."""

        outer = self
        self.state = ""
        self._found = found
        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return self._server.server_port

    def wait(self, state: str, within_s: float) -> dict[str, str]:
        """The answer that names this state. AuthenticationError: none came in time."""
        self.state = state
        until = time.monotonic() + within_s
        while not self._found:
            left = until - time.monotonic()
            if left <= 0:
                raise AuthenticationError("the browser did not come back in time", hint="begin again: lockgate login")
            self._server.timeout = left
            self._server.handle_request()
        return self._found

    def __enter__(self) -> Loopback:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()
