"""An installation on disk: a state folder, keys, a configuration, and a gate that can be stopped and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockgate.audit import SigningKey
from lockgate.demo import hospital as hospital_data
from lockgate.server import keeping
from lockgate.server.config import Config, load_config
from lockgate.store import write_key_file
from support import Gate, Hospital, start_gate, stop_gate

EXPORT = "COPY (SELECT id, name FROM patient WHERE mrn = '7000013') TO STDOUT"


@dataclass
class Installation:
    hospital: Hospital
    folder: Path
    config: Config
    gate: Gate | None = None

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    def start(self) -> Gate:
        keys = keeping.key_ring(self.config)
        self.gate = start_gate(
            self.hospital, self.folder / "state", "ai-agents", keys=keys, checkpoint_dir=self.config.checkpoint_dir
        )
        return self.gate

    def stop(self) -> None:
        if self.gate is not None:
            stop_gate(self.gate)
            self.gate = None

    def backup(self, name: str = "backup", keys: Path | None = None) -> Path:
        keeping.backup(self.config, self.folder / name, keys)
        return self.folder / name

    def restore(self, backup: Path) -> keeping.Restored:
        return asyncio.run(keeping.restore(self.config, backup))

    def export(self, agent: Any) -> int:
        with agent.cursor().copy(EXPORT) as copy:
            return sum(1 for _ in copy)


@pytest.fixture
def installation(hospital: Hospital, tmp_path: Path) -> Iterator[Installation]:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "outside").mkdir()
    write_key_file(state / "keys")
    signer = SigningKey.from_seed("test.lockgate", b"t" * 32)
    (state / "log.key").touch(mode=0o600)
    (state / "log.key").write_text(signer.to_text())
    (tmp_path / "pw").write_text(hospital.password)
    (tmp_path / "lockgate.yaml").write_text(
        "policies: state/policies\ncheckpoint_dir: outside\nconnections:\n  clinic:\n"
        f"    upstream: {hospital.server.url(hospital_data.GATEWAY_ROLE, 'clinic')}\n    password: file:pw\n"
    )
    made = Installation(hospital, tmp_path, load_config(tmp_path / "lockgate.yaml"))
    try:
        yield made
    finally:
        made.stop()
