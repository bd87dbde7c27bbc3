"""Pure work in a thread of its own, where it is much: the others on the loop must not wait for it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def apart(work: Callable[[], T], much: bool = True) -> T:
    """What `work` returns; it runs in a thread if it is much, else here and now."""
    return await asyncio.to_thread(_uncollected, work) if much else work()


def _uncollected(work: Callable[[], T]) -> T:
    """Without the cyclic collector, which would stop every thread again and again to walk the tree that grows here."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return work()
    finally:
        if collects:
            gc.enable()
