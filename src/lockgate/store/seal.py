"""Keys that live outside the store, and what they do: seal payloads, and derive keys for tokens and MACs.

A key file has one key a line, `id:base64`, the current one first; old ones open what they sealed. The file must be
readable by its owner alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lockgate.errors import ConfigError, SealError, cannot_read

KEY_BYTES = 32
NONCE_BYTES = 12


_MISSING = {
    False: "lockgate init makes one",
    True: "lockgate vault init makes one, and a new vault; a vault that is there needs its own back",
}
"""What to do where a key file is not there: one that is not a vault's, and one that is."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`current` names the key that seals; `root` is the oldest, from which everything else is derived, so that a
    rotation changes what seals payloads and leaves tokens and attempt keys as they are."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str
    root: str

    @staticmethod
    def generate() -> KeyRing:
        return KeyRing.parse(new_key_line())

    @staticmethod
    def parse(text: str) -> KeyRing:
        keys: dict[str, bytes] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            name, _, encoded = line.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except ValueError as error:
                raise ConfigError(f"line {number} of the key file is not id:base64") from error
            if len(key) != KEY_BYTES or not (name.isascii() and name.isalnum()) or len(name) > 16 or name in keys:
                raise ConfigError(f"line {number} of the key file is not a key of {KEY_BYTES} bytes with its own id")
            keys[name] = key
        if not keys:
            raise ConfigError("the key file holds no key", hint="lockgate init makes one")
        names = list(keys)
        return KeyRing(keys, names[0], names[-1])

    @staticmethod
    def from_file(path: Path, *, of_vault: bool = False) -> KeyRing:
        """Raises ConfigError; where there is no file it says what makes one, which for a vault is another command."""
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigError(f"{path.name} may be read by others than its owner", hint=f"chmod 600 {path.name}")
            return KeyRing.parse(path.read_text())
        except (OSError, UnicodeDecodeError) as error:
            raise cannot_read(f"the key file {path.name}", error, missing=_MISSING[of_vault]) from error

    @staticmethod
    def from_environment(name: str) -> KeyRing:
        value = os.environ.get(name)
        if not value:
            raise ConfigError(f"the environment has no {name}")
        return KeyRing.parse(value)

    @property
    def fingerprint(self) -> str:
        """Of the key that seals now: its id and the first bytes of a hash that tells nothing else of it."""
        told = hashlib.sha256(b"lockgate/sealing-key/v1" + self.keys[self.current]).hexdigest()[:16]
        return f"{self.current}+{told}"

    def rotated(self) -> str:
        """The text of a key file with a new current key in front."""
        lines = [f"{name}:{base64.b64encode(key).decode()}" for name, key in self.keys.items()]
        return "\n".join([new_key_line(), *lines]) + "\n"

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """AES-256-GCM; `context` (what this belongs to) is authenticated with it: a swapped payload does not open."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        name = self.current.encode()
        return bytes([len(name)]) + name + nonce + AESGCM(self.keys[self.current]).encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        size = sealed[0] if sealed else 0
        name = sealed[1 : 1 + size].decode("ascii", "replace")
        rest = sealed[1 + size :]
        if name not in self.keys or len(rest) < NONCE_BYTES + 16:
            raise SealError("a sealed payload names a key that is not here")
        try:
            return AESGCM(self.keys[name]).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context)
        except InvalidTag as error:
            raise SealError("a sealed payload does not open: it was changed, or belongs elsewhere") from error

    def mac(self, label: str, message: bytes) -> bytes:
        """HMAC-SHA-256 for one purpose, naming the key it was made with: after a rotation, what was written before
        is still under its own."""
        name = self.current.encode()
        key = _derived(self.keys[self.current], label)
        return bytes([len(name)]) + name + hmac.digest(key, message, hashlib.sha256)

    def made(self, label: str, message: bytes, mac: bytes) -> bool:
        """Whether `mac` was made for this purpose over this message, by a key that is here."""
        size = mac[0] if mac else 0
        key = self.keys.get(mac[1 : 1 + size].decode("ascii", "replace"))
        if key is None:
            return False
        return hmac.compare_digest(hmac.digest(_derived(key, label), message, hashlib.sha256), mac[1 + size :])

    def derive(self, label: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA-256, RFC 5869)."""
        return _derived(self.keys[self.root], label)


@lru_cache(maxsize=64)
def _derived(key: bytes, label: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"lockgate/{label}/v1".encode()).derive(key)


def new_key_line() -> str:
    return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def write_key_file(path: Path) -> KeyRing:
    """A new key file, mode 0600 from its first byte; refuses to overwrite one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_key_line() + "\n")
    return KeyRing.from_file(path)
