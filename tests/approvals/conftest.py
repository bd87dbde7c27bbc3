"""The clinic's approvals on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clinic import Clock, World, open_world
from lockgate.store import KeyRing


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(f"sqlite:///{tmp_path / 'lockgate.db'}", KeyRing.generate(), Clock()) as opened:
        yield opened
