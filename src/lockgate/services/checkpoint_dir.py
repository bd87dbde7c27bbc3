"""Checkpoints kept outside of the store: one file that always holds the newest, and one more for each day.

A store can be put back to yesterday; a file that lies elsewhere still says how far the log had come. Nothing here is
deleted. The folder must exist: a lost mount is an error, never an empty beginning.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockgate.audit import Checkpoint, VerifierKey, parse_checkpoint
from lockgate.errors import AuditError

NEWEST = "checkpoint"
DAILY = "checkpoint-"
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it was found outside: the note, and what it states."""

    note: str
    checkpoint: Checkpoint


class CheckpointDir:
    """`newest` reads, `put` replaces by compare-and-set. Both block: call them from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        return self._folder

    def newest(self, verifiers: Sequence[VerifierKey]) -> Kept | None:
        """The largest checkpoint here, None in an empty folder. AuditError: unreadable, or one that does not verify."""
        found = [Kept(note, parse_checkpoint(note, verifiers)) for note in self.notes()]
        return max(found, key=lambda kept: kept.checkpoint.size, default=None)

    def notes(self) -> list[str]:
        """The text of every checkpoint in the folder. AuditError: the folder or a file cannot be read."""
        try:
            names = sorted(os.listdir(self._folder))
            return [(self._folder / n).read_text() for n in names if n == NEWEST or n.startswith(DAILY)]
        except (OSError, UnicodeDecodeError) as error:
            raise AuditError(
                "checkpoint_dir cannot be read", hint="is it mounted, and may Lockgate read it?"
            ) from error

    def put(self, note: str, *, instead_of: Kept | None, day: str, verifiers: Sequence[VerifierKey]) -> bool:
        """Make `note` the newest, durably, if the newest still is `instead_of`; False when another was faster.

        `day` (2026-01-31) names the copy that stays when the newest is replaced: the first one of each day.
        """
        try:
            with self._locked():
                now = self.newest(verifiers)
                if (now.note if now else "") != (instead_of.note if instead_of else ""):
                    return False
                self._write(NEWEST, note)
                if not (self._folder / f"{DAILY}{day}").exists():
                    self._write(f"{DAILY}{day}", note)
                return True
        except OSError as error:
            raise AuditError("a checkpoint cannot be copied to checkpoint_dir", hint="is the disk full?") from error

    def set_aside(self, name: str) -> None:
        """After a restore: move what was kept into a folder of its own inside, so that nothing is lost."""
        try:
            with self._locked():
                aside = self._folder / name
                aside.mkdir(mode=0o700)
                for file in sorted(self._folder.iterdir()):
                    if file.name == NEWEST or file.name.startswith(DAILY):
                        file.rename(aside / file.name)
                _sync_folder(aside)
                _sync_folder(self._folder)
        except OSError as error:
            raise AuditError("checkpoint_dir cannot be written", hint="may this user write there?") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self._folder / LOCK, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, name: str, text: str) -> None:
        descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=self._folder)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, self._folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(self._folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
