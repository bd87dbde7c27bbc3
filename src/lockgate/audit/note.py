"""Signed notes and checkpoints in the C2SP formats (signed-note, tlog-checkpoint), Ed25519.

A note is text, an empty line, and signature lines `— name base64(key id || signature)`. The key id is the first four
bytes of SHA-256(name || 0x0A || 0x01 || public key).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lockgate.errors import AuditError

ED25519 = b"\x01"
DASH = "— "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name; text form `name+keyid+base64` (C2SP signed-note)."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """For people to compare: SHA-256 of the public key in groups of four."""
        digest = hashlib.sha256(self.public).hexdigest()
        return " ".join(digest[i : i + 4] for i in range(0, 32, 4))

    def to_text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @staticmethod
    def from_text(text: str) -> VerifierKey:
        parts = text.strip().split("+", 2)
        try:
            raw = base64.b64decode(parts[2], validate=True)
            key = VerifierKey(parts[0], raw[1:])
            if raw[:1] != ED25519 or len(raw) != 33 or key.key_id.hex() != parts[1]:
                raise ValueError
        except (IndexError, ValueError) as error:
            raise AuditError("not a verifier key of the form name+id+key") from error
        return key

    def verify(self, text: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The log's private key. Text form `PRIVATE+KEY+name+id+base64`, kept in a file of mode 0600."""

    name: str
    seed: bytes = field(repr=False)

    @staticmethod
    def from_seed(name: str, seed: bytes) -> SigningKey:
        if len(seed) != 32 or any(c in name for c in "+ \n") or not name:
            raise AuditError("a signing key has a name without spaces and a seed of 32 bytes")
        return SigningKey(name, seed)

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def to_text(self) -> str:
        encoded = base64.b64encode(ED25519 + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    @staticmethod
    def from_text(text: str) -> SigningKey:
        parts = text.strip().split("+", 4)
        try:
            if parts[:2] != ["PRIVATE", "KEY"]:
                raise ValueError
            raw = base64.b64decode(parts[4], validate=True)
            key = SigningKey.from_seed(parts[2], raw[1:])
            if raw[:1] != ED25519 or key.verifier.key_id.hex() != parts[3]:
                raise ValueError
        except (IndexError, ValueError) as error:
            raise AuditError("not a signing key") from error
        return key

    def sign(self, text: str) -> str:
        """The note: `text` (which ends its line) with this key's signature line."""
        return f"{text}\n{self.signature_line(text)}"

    def signature_line(self, text: str) -> str:
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        line = base64.b64encode(self.verifier.key_id + signature).decode()
        return f"{DASH}{self.name} {line}\n"


def open_note(note: str, verifiers: Sequence[VerifierKey]) -> tuple[str, tuple[str, ...]]:
    """The text of a note and the names of the known keys that signed it. AuditError: none did, or one lies."""
    text, found, lines = note.partition("\n\n")
    if not found:
        raise AuditError("a signed note has no signatures")
    text += "\n"
    signers = []
    for line in lines.splitlines():
        if not line.startswith(DASH):
            raise AuditError("a signature line is malformed")
        name, _, encoded = line[len(DASH) :].partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise AuditError("a signature line is malformed") from error
        for verifier in verifiers:
            if verifier.name == name and verifier.key_id == raw[:4]:
                if not verifier.verify(text.encode(), raw[4:]):
                    raise AuditError(f"the signature of {name} is not over this text")
                signers.append(name)
    if not signers:
        raise AuditError("the note is signed by nobody whose key is known here")
    return text, tuple(signers)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement of the log's size and root."""

    origin: str
    size: int
    root: bytes
    signers: tuple[str, ...] = ()

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def make_checkpoint(size: int, root: bytes, signer: SigningKey, also: SigningKey | None = None) -> str:
    """The signed note; `also` is the key that signs from here on, when this one is changed for it."""
    text = Checkpoint(signer.name, size, root).text()
    return signer.sign(text) + (also.signature_line(text) if also is not None else "")


def read_checkpoint(note: str) -> Checkpoint:
    """What a note claims, whoever signed it. AuditError: it is not a checkpoint."""
    return _checkpoint(note.partition("\n\n")[0] + "\n", ())


def parse_checkpoint(note: str, verifiers: Sequence[VerifierKey]) -> Checkpoint:
    """AuditError: unsigned, signed by somebody unknown, or not a checkpoint."""
    text, signers = open_note(note, verifiers)
    checkpoint = _checkpoint(text, signers)
    if checkpoint.origin not in signers:
        raise AuditError("the checkpoint is not signed by the log that it speaks of")
    return checkpoint


def _checkpoint(text: str, signers: tuple[str, ...]) -> Checkpoint:
    lines = text.split("\n")
    try:
        size = int(lines[1])
        root = base64.b64decode(lines[2], validate=True)
        if str(size) != lines[1] or len(root) != 32 or not lines[0]:
            raise ValueError
    except (IndexError, ValueError) as error:
        raise AuditError("not a checkpoint") from error
    return Checkpoint(lines[0], size, root, signers)
