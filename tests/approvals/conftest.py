"""The clinic's approvals on SQLite and on PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic import Clock, World, open_world
from lockgate.store import KeyRing


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: Any, tmp_path: Path) -> Iterator[str]:
    """An empty store of each kind: what the service promises, it promises on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lockgate.db'}"
        return
    server = request.getfixturevalue("hospital").server
    name = f"approvals_{secrets.token_hex(6)}"
    server.psql(f"CREATE DATABASE {name}")
    yield f"postgresql://postgres:{server.password}@127.0.0.1:{server.port}/{name}"
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    async with open_world(store_url, KeyRing.generate(), Clock()) as opened:
        yield opened
