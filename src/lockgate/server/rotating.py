"""Another key for the log: the old one signs the event that names the new one, and the new one signs it too.

So whoever pinned either key can follow the log across the change (`audit.keys`). Done with the server stopped: the
store is had alone, and at no instant does anybody sign with a key that no event names.
"""

from __future__ import annotations

import getpass
import os
import secrets
from pathlib import Path

from lockgate.audit import SigningKey, VerifierKey
from lockgate.server.config import Config, key_ring
from lockgate.server.serve import read_signing_key
from lockgate.services.log import Log
from lockgate.store import open_store, system_clock
from lockgate.store.exclusive import alone


async def rotate_log_key(config: Config) -> tuple[VerifierKey, VerifierKey]:
    """The key before and the one from now on. AuditError, StoreError: the log is as it was, or has a checkpoint signed
    by both while the file still holds the old key; the next start, or the next try, goes on from there."""
    before = read_signing_key(config.signing_key)
    after = SigningKey.from_seed(before.name, secrets.token_bytes(32))
    async with alone(config.store), open_store(config.store, keys=key_ring(config), alone=True) as store:
        log = Log(store, before, system_clock, checkpoint_dir=config.checkpoint_dir)
        fresh = config.signing_key.with_name(config.signing_key.name + ".new")
        write_closed(fresh, after.to_text() + "\n")
        await log.change_key(after, by=f"host:{getpass.getuser()}")
        fresh.replace(config.signing_key)
    public = config.path.parent / "log.pub"
    if public.is_file():
        public.write_text(after.verifier.to_text() + "\n")
    return before.verifier, after.verifier


def write_closed(path: Path, text: str) -> None:
    """A durable file that nobody else may read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
