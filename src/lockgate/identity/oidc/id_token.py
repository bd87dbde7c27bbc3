"""Whether an ID token proves that this login is somebody's (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key

from lockgate.errors import AuthenticationError
from lockgate.identity.oidc.keys import ALGORITHMS, ProviderKeys
from lockgate.identity.provider import Claims

SKEW_S = 60
"""Two clocks may differ by this much."""
OLDEST_S = 600
"""A login takes its token at once: one that was issued earlier is somebody else's, kept."""
LONGEST_TOKEN = 64_000
LONGEST_SUBJECT = 255
MOST_GROUPS = 1000
LONGEST_GROUP = 256


@dataclass(frozen=True, slots=True)
class Expected:
    """What this login's token must say. `nonce` is None only where the flow carries none (RFC 8628)."""

    issuer: str
    client_id: str
    nonce: str | None
    groups_claim: str = ""
    max_age_s: int = 0
    since_s: float = 0.0
    """With `max_age_s`: the person proved to the provider who they are after this."""


def refused(why: str) -> AuthenticationError:
    """`why` is ours, never a word of the token."""
    return AuthenticationError(f"the login was refused: {why}", hint="begin again: lockgate login")


def validate_id_token(token: object, keys: ProviderKeys, expected: Expected, now_s: float) -> Claims:
    """Who this token says logged in. AuthenticationError: it does not prove it; NoSuchKey: with other keys it might.

    The signature comes first; then each claim. `now_s` is in seconds since 1970 UTC.
    """
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise refused("there is no ID token")

    def signer(unverified: GuestProtocol) -> Key:
        header = unverified.headers()
        return keys.key_for(header.get("kid"), header.get("alg"))

    try:
        found = jwt.decode(token, signer, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise refused("its token is not signed as it must be") from error
    # Another kind of JWT of the same provider, signed with the same keys, is no ID token (RFC 8725, section 3.11).
    if str(found.header.get("typ", "JWT")).upper() != "JWT":
        raise refused("its token is of another kind")
    _check(found.claims, expected, now_s)
    return Claims(expected.issuer, _subject(found.claims), _groups(found.claims, expected.groups_claim))


def _check(claims: Mapping[str, Any], expected: Expected, now_s: float) -> None:
    if claims.get("iss") != expected.issuer:
        raise refused("its token is another issuer's")
    audience = claims.get("aud")
    if audience not in (expected.client_id, [expected.client_id]):
        raise refused("its token is not for this client alone")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise refused("its token is not for this client alone")
    if _number(claims, "exp") <= now_s - SKEW_S:
        raise refused("its token has expired")
    issued = _number(claims, "iat")
    if issued > now_s + SKEW_S or ("nbf" in claims and _number(claims, "nbf") > now_s + SKEW_S):
        raise refused("its token is from the future: do the clocks agree?")
    if issued < now_s - OLDEST_S - SKEW_S:
        raise refused("its token was issued long ago")
    if expected.nonce is not None:
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
            raise refused("its token belongs to another login")
    oldest_s = max(now_s - expected.max_age_s, expected.since_s) - SKEW_S
    if expected.max_age_s and _number(claims, "auth_time") < oldest_s:
        raise refused("the provider asked for no fresh proof of who it is")
    if "act" in claims:
        raise refused("its token is of somebody who acts for another")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # A bool is an int to Python, and infinity and NaN pass every comparison one way.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise refused(f"its token says no {name}")
    return float(value)


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > LONGEST_SUBJECT or not subject.isascii():
        raise refused("its token names nobody")
    return subject


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """No such claim is no group; one of another shape than a list of names is refused, and not guessed at."""
    if not name or name not in claims:
        return frozenset()
    value = claims[name]
    if not isinstance(value, list) or len(value) > MOST_GROUPS:
        raise refused("its token's groups are no list of names")
    if not all(isinstance(group, str) and 0 < len(group) <= LONGEST_GROUP for group in value):
        raise refused("its token's groups are no list of names")
    return frozenset(value)
