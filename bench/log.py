"""The store and the log: durable events a second, in groups and one by one, on SQLite with every commit on the disk."""

from __future__ import annotations

import asyncio
import tempfile
import time

from lockgate.audit.event import Event
from lockgate.store import KeyRing, open_store

GROUP = 100
EACH = 200


def run() -> dict[str, object]:
    return asyncio.run(_run())


async def _run() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(f"sqlite:///{folder}/bench.db", keys=KeyRing.generate()) as store:

            async def write() -> None:
                for _ in range(EACH):
                    await store.transact(lambda conn: (None, [Event("intent", {"execution": "x", "connection": "c"})]))

            started = time.perf_counter()
            await asyncio.gather(*(write() for _ in range(GROUP)))
            grouped = GROUP * EACH / (time.perf_counter() - started)
            started = time.perf_counter()
            await write()
            alone = EACH / (time.perf_counter() - started)
    return {"events_per_s_100_writers": round(grouped), "events_per_s_one_writer": round(alone)}
