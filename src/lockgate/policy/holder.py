"""The policy set in force, swapped whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lockgate.errors import PolicyError
from lockgate.policy.permits import FOLDER
from lockgate.policy.policyset import PolicySet, parse, read_folder


class PolicyHolder:
    """Readers take `current` once and go by it; `reload` replaces it in one assignment or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)
        self.current: PolicySet = parse(self._read())

    @property
    def folder(self) -> Path:
        return self._folder

    def candidate(self) -> PolicySet:
        """What the folder holds now with the permits in force, not in force yet. `PolicyError`: it is broken."""
        return parse({**self._read(), **self.permits})

    @property
    def permits(self) -> Mapping[str, str]:
        """The permits that people approved (`policy.permits`), by file name; they are in no folder."""
        return {name: text for name, text in self.current.files.items() if name.startswith(FOLDER)}

    def permitted(self, permits: Mapping[str, str]) -> PolicySet:
        """The set in force with these permits in place of its own; the folder is not looked at."""
        rest = {name: text for name, text in self.current.files.items() if not name.startswith(FOLDER)}
        return parse({**rest, **permits})

    def adopt(self, fresh: PolicySet) -> None:
        """Put a set in force that was written down before."""
        self.current = fresh

    def reload(self) -> PolicySet:
        """Read the folder again. A broken set raises `PolicyError`, and the old one stays in force."""
        fresh = self.candidate()
        if fresh.digest != self.current.digest:
            self.current = fresh
        return self.current

    def _read(self) -> dict[str, str]:
        files = read_folder(self._folder)
        for name in files:
            if name.startswith(FOLDER):
                raise PolicyError(
                    f"{name}:1: {FOLDER} is for permits that people approve, and they are not kept in the folder",
                    hint="ask for one: lockgate policy allow",
                )
        return files
