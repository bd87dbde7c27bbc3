"""The provider's public keys (RFC 7517), and which of them may have signed a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from lockgate.errors import AuthenticationError, ConfigError

ALGORITHMS: Mapping[str, str] = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
    "Ed25519": "OKP",
}
"""What may sign, and the type of key that it takes. Asymmetric only: with a symmetric one whoever can check could sign,
and `none` is no signature (RFC 8725, sections 2.1 and 3.1)."""
FEWEST_RSA_BITS = 2048
MOST_KEYS = 100


class NoSuchKey(AuthenticationError):
    """The token names a key that is not among these; the provider may have changed its keys since."""


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """Public keys that sign, with the `kid` and `alg` that each was published with (either may be empty)."""

    keys: tuple[tuple[str, str, Key], ...]

    @staticmethod
    def parse(body: bytes) -> ProviderKeys:
        """A JWK set. What is no public key for signatures is passed over, as RFC 7517 section 5 says. ConfigError: it
        is no JWK set, or no key is left."""
        try:
            listed: Any = json.loads(body)["keys"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigError("the identity provider's keys are no JWK set") from error
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise ConfigError("the identity provider's keys are no JWK set")
        found = tuple(taken for one in listed if (taken := _taken(one)) is not None)
        if not found:
            raise ConfigError("the identity provider has published no key for signatures")
        return ProviderKeys(found)

    def key_for(self, kid: object, alg: object) -> Key:
        """The one key that may have made this signature. Without a `kid` there must be only one (OpenID Connect Core
        10.1). AuthenticationError: none may, whatever the provider publishes; NoSuchKey: none of these."""
        if not isinstance(alg, str) or alg not in ALGORITHMS:
            raise AuthenticationError("the login was refused: its token is not signed as it must be")
        if kid is not None and not isinstance(kid, str):
            raise AuthenticationError("the login was refused: its token is not signed as it must be")
        fits = [
            key
            for name, only, key in self.keys
            if key.key_type == ALGORITHMS[alg] and only in ("", alg) and kid in (None, name)
        ]
        if len(fits) != 1:
            raise NoSuchKey("the login was refused: its token names a key that the provider has not published")
        return fits[0]


def _taken(one: object) -> tuple[str, str, Key] | None:
    if not isinstance(one, dict) or one.get("use", "sig") != "sig":
        return None
    operations = one.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    kid, alg = one.get("kid", ""), one.get("alg", "")
    if not isinstance(kid, str) or not isinstance(alg, str):
        return None
    # `d` would be a private key that everybody has.
    if "d" in one or "k" in one or (alg and alg not in ALGORITHMS):
        return None
    try:
        key = import_key({name: value for name, value in one.items() if name not in ("use", "key_ops", "alg")})
    except (JoseError, ValueError, TypeError, KeyError, AssertionError):
        return None
    if isinstance(key, RSAKey):
        return (kid, alg, key) if key.raw_value.key_size >= FEWEST_RSA_BITS else None
    return (kid, alg, key) if isinstance(key, ECKey | OKPKey) else None
