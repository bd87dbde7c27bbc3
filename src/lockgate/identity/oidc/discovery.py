"""The provider's description of itself (OpenID Connect Discovery 1.0, section 4; RFC 8414)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lockgate.errors import ConfigError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider's endpoints are, and what of its conduct matters here. `device` is empty where it has none."""

    issuer: str
    authorization: str
    token: str
    keys: str
    device: str = ""
    basic: bool = True
    names_itself: bool = False
    """Every answer names its issuer (RFC 9207), so that one without it is refused."""


def is_loopback(url: str) -> bool:
    """Whether this is http(s) to this machine itself, where nobody else listens in."""
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:
        return False


def check_address(url: object, what: str, *, of: str = "") -> str:
    """The address, if it is https, without a user in it or a fragment; http to this machine itself only where the
    issuer (`of`) is there too. ConfigError otherwise."""
    hint = "the provider is asked over https only"
    if not isinstance(url, str) or len(url) > 2048 or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"the identity provider's {what} is no address", hint=hint)
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"the identity provider's {what} is no address", hint=hint) from error
    if not host or parts.fragment or "@" in parts.netloc:
        raise ConfigError(f"the identity provider's {what} is no address", hint=hint)
    here = host in LOOPBACK and (not of or is_loopback(of))
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise ConfigError(f"the identity provider's {what} is not https", hint=hint)
    return url


def discovery_address(issuer: str) -> str:
    """Discovery 1.0, section 4.1: a slash at the end of the issuer goes first."""
    return issuer.removesuffix("/") + WELL_KNOWN


def parse_discovery(body: bytes, issuer: str) -> Provider:
    """The document, if it is this issuer's own to the letter (section 4.3: it must be identical). ConfigError: not."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError("the identity provider's discovery document is not JSON") from error
    if not isinstance(found, dict):
        raise ConfigError("the identity provider's discovery document is no object")
    if found.get("issuer") != issuer:
        raise ConfigError(
            "the discovery document is another issuer's", hint="oidc.issuer must be written exactly as it says there"
        )
    methods = found.get("token_endpoint_auth_methods_supported")
    device = found.get("device_authorization_endpoint", "")
    return Provider(
        issuer,
        check_address(found.get("authorization_endpoint"), "authorization_endpoint", of=issuer),
        check_address(found.get("token_endpoint"), "token_endpoint", of=issuer),
        check_address(found.get("jwks_uri"), "jwks_uri", of=issuer),
        check_address(device, "device_authorization_endpoint", of=issuer) if device else "",
        not isinstance(methods, list) or "client_secret_basic" in methods,
        found.get("authorization_response_iss_parameter_supported") is True,
    )
