"""Identity providers for tests, on loopback: a real one, and one that says whatever a test wants it to say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from lockgate.identity.oidc import OidcSettings
from lockgate.server.oidc import Flows
from support import Gate

CLIENT = "lockgate"
PORT = 52017
"""Where a terminal would listen; nobody does: the tests read the address that the provider sends a browser to."""


def configure(gate: Gate, issuer: str, **changes: Any) -> Flows:
    """Give the gate this provider, whose group `reviewers` is Lockgate's `privacy`."""
    settings = OidcSettings(
        issuer,
        CLIENT,
        "the client's secret",
        ("openid", "profile"),
        "groups",
        {"reviewers": "privacy", "staff": "analysts"},
    )
    fields = {name: getattr(settings, name) for name in settings.__slots__}
    gate.assembly.flows = Flows(
        OidcSettings(**(fields | changes)), gate.assembly.store, gate.assembly.accounts, "http://gate.test"
    )
    return gate.assembly.flows


def answer_of(location: str) -> dict[str, str]:
    """What a provider says in the address that it sends the browser to."""
    return dict(parse_qsl(urlsplit(location).query))


def confirm(authorization_url: str, sub: str) -> dict[str, str]:
    """What `sub` does in a browser at the real provider: the answer that it is sent back with."""
    sent = httpx.post(authorization_url, data={"sub": sub}, follow_redirects=False)
    assert sent.status_code == 302, sent.text
    return answer_of(sent.headers["location"])


@dataclass
class Crooked:
    """A provider with a key of its own that issues what `claims` and `header` make of an honest token."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}))
    claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda honest: honest
    sign: Callable[[dict[str, Any]], str] | None = None
    discovery: Callable[[dict[str, Any]], dict[str, Any]] = lambda honest: honest
    published: list[dict[str, Any]] | None = None
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    """Path → status, headers, body, instead of what it would say."""
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    sub: str = "rita"

    def authorize(self, authorization_url: str, sub: str = "rita") -> dict[str, str]:
        """An answer with a code for this subject, good once."""
        asked = answer_of(authorization_url)
        code = f"code-{len(self.codes)}"
        self.codes[code] = {"nonce": asked["nonce"], "challenge": asked["code_challenge"], "sub": sub}
        return {"code": code, "state": asked["state"]}

    def token(self, nonce: str | None, sub: str) -> str:
        now = int(time.time())
        honest = {"iss": self.issuer, "aud": CLIENT, "sub": sub, "iat": now, "exp": now + 300, "groups": ["reviewers"]}
        said = self.claims(honest | ({} if nonce is None else {"nonce": nonce}))
        return self.sign(said) if self.sign else jwt.encode({"alg": "RS256", "kid": "one"}, said, self.key)

    def reply(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, self.discovery(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "device_authorization_endpoint": f"{self.issuer}/device",
                }
            )
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)] if self.published is None else self.published}
        if path == "/device":
            given = {"device_code": "device-1", "user_code": "WDJB-MJHT", "verification_uri": f"{self.issuer}/confirm"}
            return 200, {**given, "expires_in": 300, "interval": 5}
        if path == "/token" and "device_code" in form:
            if form["device_code"] not in self.confirmed:
                return 400, {"error": "authorization_pending"}
            return 200, {"id_token": self.token(None, self.sub)}
        known = self.codes.pop(form.get("code", ""), None) if path == "/token" else None
        if known is None:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.token(known["nonce"], known["sub"])}


@contextmanager
def crooked() -> Iterator[Crooked]:
    provider = Crooked()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            provider.forms.append(form)
            self._answer(form)

        def _answer(self, form: dict[str, str]) -> None:
            provider.asked.append(self.path)
            if self.path in provider.answers:
                status, headers, raw = provider.answers[self.path]
            else:
                status, body = provider.reply(self.path, form)
                headers, raw = {"content-type": "application/json"}, json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Terminal:
    """What `lockgate login` does over HTTP, with the browser's part done by `consent`."""

    def __init__(self, api: Any, consent: Callable[[str, str], dict[str, str]]) -> None:
        self.api, self.consent = api, consent

    def begin(self, *, link: bool = False, token: str = "") -> dict[str, str]:
        answer = self.api("", "POST", "/login/oidc", {"port": PORT, "link": link}, token=token)
        assert answer.is_success, answer.text
        began: dict[str, str] = answer.json()
        return began

    def end(self, began: dict[str, str], answer: dict[str, str], **changes: str) -> httpx.Response:
        body = {"state": began["state"], "handle": began["handle"]} | answer | changes
        finished: httpx.Response = self.api("", "POST", "/login/oidc/finish", body)
        return finished

    def login(self, sub: str) -> httpx.Response:
        began = self.begin()
        return self.end(began, self.consent(began["authorization_url"], sub))

    def logged_in(self, sub: str) -> dict[str, str]:
        answer = self.login(sub)
        assert answer.is_success, answer.text
        session: dict[str, str] = answer.json()
        return session

    def link(self, sub: str, token: str) -> httpx.Response:
        began = self.begin(link=True, token=token)
        return self.end(began, self.consent(began["authorization_url"], sub))


def query(url: str, **changes: str) -> str:
    """The address with these parameters changed."""
    parts = urlsplit(url)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | changes)).geturl()
