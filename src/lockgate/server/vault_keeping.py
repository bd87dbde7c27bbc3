"""Making a vault, giving it another key, and looking at it: what is done on the machine that has its key file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lockgate.errors import ConfigError, VaultError
from lockgate.server.config import Config, vault_ring
from lockgate.server.rotating import write_closed
from lockgate.store import KeyRing, system_clock, write_key_file
from lockgate.store.vault import Status, create_vault, is_there, open_vault, rotate_vault


@dataclass(frozen=True, slots=True)
class Rotated:
    """The fingerprints before and after, how many rows were sealed anew, and where the old key was put aside."""

    before: str
    after: str
    rows: int
    aside: str


def make(config: Config) -> str:
    """A vault and, where there is none, its key file; the key's fingerprint. VaultError: there is one already."""
    if is_there(config.vault):
        raise VaultError("there is a vault already", hint="lockgate vault status shows it")
    path = key_file(config)
    if path is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_key_file(path)
    keys = vault_ring(config)
    create_vault(config.vault, keys, now_at=system_clock())
    return keys.fingerprint


def look(config: Config) -> Status:
    with open_vault(config.vault, vault_ring(config)) as vault:
        return vault.status()


def rotate(config: Config) -> Rotated:
    """Another key: first into the file, in front of the old one, then every row in one transaction, then the old one
    out of the file. Cut off anywhere, the next try goes on from there, and the vault opens all the while."""
    path = key_file(config)
    if path is None:
        raise ConfigError(
            "the vault's keys are in the environment", hint="a rotation writes a file: vault_keys: file:…"
        )
    before = look(config).fingerprint
    keys = vault_ring(config)
    if len(keys.keys) == 1:
        keys = KeyRing.parse(_replaced(path, keys.rotated()))
    rows = rotate_vault(config.vault, keys)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.before-{stamp}")
    first, *others = path.read_text().splitlines()
    write_closed(aside, "\n".join(others) + "\n")
    _replaced(path, first + "\n")
    return Rotated(before, keys.fingerprint, rows, aside.name)


def key_file(config: Config) -> Path | None:
    """None where the keys are in the environment."""
    kind, _, rest = config.vault_keys.partition(":")
    return None if kind == "env" else config.path.parent / rest


def _replaced(path: Path, text: str) -> str:
    """Made closed and moved in one step: at no instant is there half a key file, or one that others may read."""
    fresh = path.with_name(path.name + ".new")
    write_closed(fresh, text)
    fresh.replace(path)
    return text
