"""What the vault's key does: names rows by keyed hashes, and seals what is in them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from lockgate.errors import SealError, VaultError
from lockgate.phi.vault import Want, normal
from lockgate.store.seal import KeyRing

PADDED_BYTES = 64
"""Sealed texts are filled up to a multiple of this: the length of a name would be a hint."""
CHECK = b"this is the key of this vault"


@dataclass(frozen=True, slots=True)
class VaultKey:
    """One key. Names are HMAC-SHA-256 over what is named, framed so that no two lists of texts are the same bytes; what
    is sealed is bound to its table and row (AES-256-GCM), so that a row put in another's place does not open."""

    id: str
    _ring: KeyRing = field(repr=False)
    _index: bytes = field(repr=False)

    @staticmethod
    def of(ring: KeyRing, name: str) -> VaultKey:
        """VaultError: the ring has no such key."""
        if name not in ring.keys:
            raise VaultError(
                f"the key file has no key {name}, which this vault is under",
                hint="put back the key file that lockgate vault init made, or its copy; no other opens the vault",
            )
        one = KeyRing({name: ring.keys[name]}, name, name)
        return VaultKey(name, one, one.derive("vault-index"))

    @property
    def fingerprint(self) -> str:
        return self._ring.fingerprint

    def mac(self) -> bytes:
        """By which the right key is told from another of the same id."""
        return self._ring.mac("vault", CHECK)

    def made(self, mac: bytes) -> bool:
        return self._ring.made("vault", CHECK, mac)

    def sealed(self, sealed: bytes) -> bool:
        """Whether it says that this key sealed it."""
        return sealed[1 : 1 + sealed[0]] == self.id.encode()

    def entry(self, patient: str, cls: str, original: str) -> bytes:
        return self._name(b"entry", patient, cls, original)

    def patient(self, patient: str) -> bytes:
        return self._name(b"patient", patient)

    def known(self, value: str) -> bytes:
        return self._name(b"known", normal(value))

    def own(self, want: Want, candidate: str) -> bytes:
        return self._name(b"own", want.patient, want.cls, normal(candidate))

    def wide(self, want: Want, candidate: str) -> bytes:
        return self._name(b"wide", want.cls, normal(candidate))

    def seal(self, table: str, row: bytes, texts: Sequence[str]) -> bytes:
        plain = json.dumps(list(texts)).encode()
        return self._ring.seal(plain + b" " * (-len(plain) % PADDED_BYTES), _context(table, row))

    def open(self, table: str, row: bytes, sealed: bytes) -> list[str]:
        """SealError: the row was changed behind Lockgate, or belongs elsewhere."""
        try:
            texts: list[str] = json.loads(self._ring.open(sealed, _context(table, row)))
        except SealError as error:
            raise SealError(
                "a row of the vault was changed behind Lockgate", hint="put back a good copy of the vault"
            ) from error
        return texts

    def _name(self, what: bytes, *texts: str) -> bytes:
        parts = [text.encode("utf-8", "surrogatepass") for text in texts]
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._index, what + b"\0" + framed, hashlib.sha256)


def _context(table: str, row: bytes) -> bytes:
    return b"lockgate/vault/v1\0" + table.encode() + b"\0" + row
