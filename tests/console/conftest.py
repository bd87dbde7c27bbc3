"""A running gate with its console over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import uvicorn

from browsing import Console
from lockgate.server.api import create_app
from lockgate.server.serve import _Quiet
from support import Gate


@pytest.fixture
def console(gate: Gate) -> Iterator[Console]:
    settings = uvicorn.Config(
        create_app(gate.assembly), host="127.0.0.1", port=0, log_level="warning", access_log=False, proxy_headers=False
    )
    server = _Quiet(settings)

    async def start() -> tuple[asyncio.Task[None], int]:
        task = asyncio.get_running_loop().create_task(server.until_stopped())
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.01)
        return task, int(server.servers[0].sockets[0].getsockname()[1])

    task, port = gate.call(start())
    made = Console(gate, port)
    try:
        yield made
    finally:
        for browser in made.browsers:
            browser.http.close()

        async def stop() -> None:
            server.should_exit = True
            gate.assembly.approvals.end_watches()
            await task

        gate.call(stop())
