"""A streaming standby of an embedded server: made by pg_basebackup, read-only, started on a port of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lockgate.demo.embedded import EmbeddedPostgres


class Standby(EmbeddedPostgres):
    """`with Standby(primary) as standby:`; `caught_up` waits until all that the primary wrote is here."""

    def __init__(self, primary: EmbeddedPostgres) -> None:
        super().__init__()
        self.primary = primary
        self.password = primary.password

    def start(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="lg-sb-", dir="/tmp"))
        try:
            programs = self._programs()
            (self.root / "run").mkdir()
            self._own(self.root, self.root / "run")
            source = f"host=127.0.0.1 port={self.primary.port} user=postgres password={self.password}"
            self._run(
                programs / "pg_basebackup", "-D", self.root / "data", "-d", source, "-R", "-X", "stream",
                "-c", "fast", "--no-sync",
            )  # fmt: skip
            self._listen(programs)
        except BaseException:
            self.stop()
            raise

    def caught_up(self) -> None:
        """Wait until the standby has replayed what the primary has written so far."""
        position = self.primary.psql("SELECT pg_current_wal_lsn()").strip()
        for _ in range(200):
            if self.psql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'").strip() == "t":
                return
        raise AssertionError("the standby does not catch up")
