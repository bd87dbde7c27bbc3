"""Anybody can reach the API: neither attempts to log in nor long bodies may keep the gateway from its clients."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import httpx
import pytest

from lockgate.server.api.bounds import CATALOG_BYTES, FROM_ANYBODY_BYTES, STATEMENTS_BYTES

WRONG = "x" * 12
CHUNK = b"x" * 4096


def client(api, address="10.0.0.1"):
    transport = httpx.ASGITransport(app=api.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gate.test", timeout=60)


def test_many_attempts_at_once_are_no_way_around_the_wait(api, gate):
    async def attempts():
        async with client(api) as one:
            sent = [one.post("/api/v1/login", json={"user": f"u{i}", "password": WRONG}) for i in range(60)]
            return Counter(answer.status_code for answer in await asyncio.gather(*sent))

    counted = gate.call(attempts(), 60)
    assert counted[401] <= 5
    assert counted[429] == 60 - counted[401]
    assert not api.app.state.login_limit._trying, "nothing is remembered of what has ended"


@pytest.mark.usefixtures("slow_passwords")
def test_passwords_are_tried_apart_from_the_store(api, gate):
    """Each from an address of its own: they queue up, and whoever has a session does not wait behind them."""

    async def attempt(number):
        async with client(api, f"10.0.{number // 250}.{number % 250}") as one:
            return await one.post("/api/v1/login", json={"user": f"u{number}", "password": WRONG})

    with gate.connect() as agent:
        agent.execute("SELECT title FROM task").fetchall()
        flood = [asyncio.run_coroutine_threadsafe(attempt(number), gate.loop) for number in range(80)]
        gate.call(gate.assembly.approvals.list())
        began = time.monotonic()
        gate.call(gate.assembly.approvals.list())
        read_s = time.monotonic() - began
        waiting = sum(not one.done() for one in flood)
        for one in flood:
            assert one.result(60).status_code == 401
    assert waiting > 20, "the store was read while passwords were still waiting"
    assert read_s < 3


@pytest.mark.parametrize("declared", [False, True], ids=["streamed", "declared"])
@pytest.mark.parametrize(
    ("path", "token", "most"),
    [
        ("/api/v1/login", "", FROM_ANYBODY_BYTES),
        ("/api/v1/token", "lgk_nothing", FROM_ANYBODY_BYTES),
        ("/api/v1/batches", "", FROM_ANYBODY_BYTES),
        ("/api/v1/batches", "lgs_nothing", STATEMENTS_BYTES),
        ("/api/v1/catalog/clinic", "lgs_nothing", CATALOG_BYTES),
    ],
)
def test_a_long_body_is_read_no_further(api, gate, path, token, most, declared):
    read = 0

    async def body():
        nonlocal read
        for _ in range(2 * CATALOG_BYTES // len(CHUNK)):
            read += len(CHUNK)
            yield CHUNK

    async def send():
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers |= {"content-length": str(1 << 40)} if declared else {}
        async with client(api) as one:
            return await one.post(path, content=body(), headers={**headers, "content-type": "application/json"})

    answer = gate.call(send(), 60)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert read <= (0 if declared else most + 2 * len(CHUNK))


@pytest.mark.parametrize("path", ["/requests", "/standing", "/policy/allowed", "/audit/events"])
@pytest.mark.parametrize("limit", [0, -1])
def test_a_list_has_an_end(api, path, limit):
    assert api("rita", "GET", f"{path}?limit={limit}").status_code == 422
