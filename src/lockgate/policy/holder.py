"""The policy set in force, swapped whole or not at all."""

from __future__ import annotations

from pathlib import Path

from lockgate.policy.policyset import PolicySet, load


class PolicyHolder:
    """Readers take `current` once and go by it; `reload` replaces it in one assignment or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)
        self.current: PolicySet = load(self._folder)

    @property
    def folder(self) -> Path:
        return self._folder

    def candidate(self) -> PolicySet:
        """What the folder holds now, not in force yet. `PolicyError`: it is broken."""
        return load(self._folder)

    def adopt(self, fresh: PolicySet) -> None:
        """Put a set in force that was written down before."""
        self.current = fresh

    def reload(self) -> PolicySet:
        """Read the folder again. A broken set raises `PolicyError`, and the old one stays in force."""
        fresh = load(self._folder)
        if fresh.digest != self.current.digest:
            self.current = fresh
        return self.current
