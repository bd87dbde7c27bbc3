"""Codes that are derived from the identifier: for expert determination only (45 CFR 164.514(b)(1), (c))."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lockgate.errors import ConfigError, LockgateError
from lockgate.phi.fpe import FormatKeeping
from lockgate.phi.replacing.profile import Operator, Profile

SIGNS = 13
"""Of base 32: 65 bits, so that a million values collide with a chance of one in 70 million."""
_LEAST_KEY_BYTES = 16
_LEAST_CIPHER_BYTES = 32
_HOW = "--key-file with 32 random bytes or more; in Python secrets=Secrets.of(…)"


class Cipher(Protocol):
    """Format-preserving and reversible with its key, such as FF1 (NIST SP 800-38G)."""

    def encrypt(self, values: Sequence[str], cls: str) -> list[str]:
        """Each value in its own format. A LockgateError where one cannot be: it may be too short."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What derived codes need: `key` for `hash`, `cipher` for `encrypt`."""

    key: bytes = b""
    cipher: Cipher | None = None

    @staticmethod
    def of(secret: bytes) -> Secrets:
        """Both from one secret of 32 random bytes or more: the secret itself for `hash`, and `cipher_of` it for
        `encrypt`. From fewer bytes only the key of `hash`."""
        return Secrets(secret, cipher_of(secret) if len(secret) >= _LEAST_CIPHER_BYTES else None)


def cipher_of(secret: bytes) -> FormatKeeping:
    """The cipher of `encrypt`, for the way back too: FF1 under a key of AES-256 that is derived from the secret (HKDF,
    RFC 5869), so that no key does two things. ConfigError: the secret is shorter than 32 bytes."""
    if len(secret) < _LEAST_CIPHER_BYTES:
        raise ConfigError(f"encrypt needs a secret of at least {_LEAST_CIPHER_BYTES} random bytes")
    return FormatKeeping(HKDF(SHA256(), 32, None, b"lockgate/deidentify/ff1/v1").derive(secret))


def check(profile: Profile, secrets: Secrets) -> None:
    """Raises ConfigError where the profile wants what there is no secret for."""
    wanted = {*profile.operators.values(), profile.otherwise}
    if Operator.HASH in wanted and len(secrets.key) < _LEAST_KEY_BYTES:
        raise ConfigError(
            f"profile {profile.name}: hash needs a secret key of at least {_LEAST_KEY_BYTES} bytes", hint=_HOW
        )
    if Operator.ENCRYPT in wanted and secrets.cipher is None:
        raise ConfigError(
            f"profile {profile.name}: encrypt needs a cipher: a secret key of at least {_LEAST_CIPHER_BYTES} bytes",
            hint=_HOW,
        )


def encrypted(cipher: Cipher, cls: str, values: Sequence[str]) -> list[str | None]:
    """All at once; None for each that cannot be."""
    try:
        return list(cipher.encrypt(values, cls))
    except LockgateError:
        if len(values) == 1:
            return [None]
    return [encrypted(cipher, cls, [value])[0] for value in values]


def hashed(key: bytes, kind: str, original: str) -> str:
    """`NAME-` and 13 signs of HMAC-SHA-256; equal originals of a kind look equal, whoever they belong to."""
    code = hmac.digest(key, f"{kind}\0{original}".encode("utf-8", "surrogatepass"), "sha256")
    return f"{kind.upper()}-{base64.b32encode(code)[:SIGNS].decode()}"
