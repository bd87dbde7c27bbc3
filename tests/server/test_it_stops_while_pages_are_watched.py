"""`lockgate serve` ends in order, although a console's stream of changes would go on for minutes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx

from lockgate.policy import write_starters
from lockgate.server import serve
from lockgate.server.config import Listen
from support import PASSWORD


async def test_it_ends_at_once(installation):
    write_starters(["ai-agents"], installation.folder / "state" / "policies")
    free = Listen("127.0.0.1", 0)
    running = await serve.start(replace(installation.config, console=free, postgres=free))
    try:
        await running.assembly.accounts.create_user("rita", PASSWORD, by="init", groups=["privacy"])
        token = (await running.assembly.accounts.login("rita", PASSWORD)).token
        cookies = {"lockgate-session": token}
        url = f"http://127.0.0.1:{running.api_port}"
        async with (
            httpx.AsyncClient(base_url=url, cookies=cookies) as client,
            client.stream("GET", "/console/live") as answer,
        ):
            lines = answer.aiter_lines()
            assert answer.status_code == 200
            while await anext(lines) != "event: ready":
                pass
            async with asyncio.timeout(10):
                await running.stop()
                assert "data: *" in [line async for line in lines]
    finally:
        if not running._tasks[0].done():
            await running.stop()
