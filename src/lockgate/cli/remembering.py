"""Which vault `lockgate deidentify` uses: one that is kept, or one for this run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.errors import ConfigError

if TYPE_CHECKING:
    from lockgate.phi.vault import Originals, Vault
    from lockgate.store import KeyRing

HOW = "--vault lockgate.yaml, or --vault sqlite:///vault.db --vault-keys vault.keys"
MISSING = "name the installation's file with --vault; lockgate init makes one"


@contextmanager
def vault_for(place: str | None, keys: str | None, known: Originals) -> Iterator[Vault]:
    """The vault at `place`: an installation's file, or an address with its keys. Without one, what is drawn is
    consistent in this run, and forgotten after it; `known` are the run's originals. Raises ConfigError and VaultError;
    neither says the address, which may hold a password."""
    if place is None:
        from lockgate.phi.vault import MemoryVault

        if keys is not None:
            raise ConfigError("--vault-keys are the keys of no vault", hint=HOW)
        yield MemoryVault(originals=known)
        return
    from lockgate.store.vault import open_vault

    url, ring = _of_installation(place, keys) if place.endswith((".yaml", ".yml")) else _at(place, keys)
    with open_vault(url, ring) as vault:
        yield vault


def _of_installation(place: str, keys: str | None) -> tuple[str, KeyRing]:
    from lockgate.server.config import load_config, vault_ring

    if keys is not None:
        raise ConfigError(f"{Path(place).name} says where the vault's keys are", hint="leave out --vault-keys")
    config = load_config(Path(place), connections=False, missing=MISSING)
    return config.vault, vault_ring(config)


def _at(place: str, keys: str | None) -> tuple[str, KeyRing]:
    from lockgate.store import KeyRing

    if not place.startswith(("sqlite:///", "postgresql://")):
        raise ConfigError("--vault is neither an installation's file nor an address", hint=HOW)
    if keys is None:
        raise ConfigError("a vault opens with its keys", hint="--vault-keys vault.keys, or env:NAME")
    kind, _, name = keys.partition(":")
    if kind == "env" and name:
        return place, KeyRing.from_environment(name)
    return place, KeyRing.from_file(Path(keys), of_vault=True)
