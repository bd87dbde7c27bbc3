"""The secrets of one login and the address it begins at: state, nonce, and PKCE with S256 (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from lockgate.identity.oidc.settings import OidcSettings


@dataclass(frozen=True, slots=True)
class Secrets:
    """`state` travels through the browser; nonce and verifier are made from it with a key that does not leave the
    server, so that nothing of them need be kept."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @staticmethod
    def new(key: bytes) -> Secrets:
        return Secrets.of(secrets.token_urlsafe(32), key)

    @staticmethod
    def of(state: str, key: bytes) -> Secrets:
        """Those of the login that this state belongs to. The verifier has 43 characters (RFC 7636, section 4.1)."""
        return Secrets(state, _made(key, "nonce", state), _made(key, "verifier", state))


def _made(key: bytes, what: str, state: str) -> str:
    return _b64(hmac.digest(key, f"{what}\0{state}".encode(), hashlib.sha256))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """RFC 7636, section 4.2."""
    return _b64(hashlib.sha256(verifier.encode()).digest())


def authorization_url(endpoint: str, settings: OidcSettings, made: Secrets, redirect: str, *, prompt: str = "") -> str:
    """Where the browser goes (OpenID Connect Core 3.1.2.1). `prompt=login`: the provider asks for a proof anew."""
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect,
        "scope": " ".join(settings.scopes),
        "state": made.state,
        "nonce": made.nonce,
        "code_challenge": challenge_of(made.verifier),
        "code_challenge_method": "S256",
    }
    if prompt:
        asked["prompt"] = prompt
    if settings.max_age_s:
        asked["max_age"] = str(settings.max_age_s)
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"
