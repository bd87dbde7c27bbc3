"""The clinic's approvals on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from clinic import Clock, World, open_world
from lockgate.store import KeyRing


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    async with open_world(store_url, KeyRing.generate(), Clock()) as opened:
        yield opened
