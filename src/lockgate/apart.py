"""Pure work in a thread of its own, where it is much: the others on the loop must not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from lockgate.collecting import uncollected

T = TypeVar("T")


async def apart(work: Callable[[], T], much: bool = True) -> T:
    """What `work` returns; it runs in a thread if it is much, else here and now."""
    return await asyncio.to_thread(_uncollected, work) if much else work()


def _uncollected(work: Callable[[], T]) -> T:
    """The tree that grows here would be walked again and again, and every thread stopped for it."""
    with uncollected():
        return work()
