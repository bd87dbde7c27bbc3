"""A thousand clients held at once: from a reviewer's vote to the first row that the client sees."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psycopg
from psycopg.errors import Diagnostic

from bench.rounds import Plan, percentile
from bench.served import Served

REQUESTS_EACH = 20
"""As many as one person may have waiting (`Rules.cap_pending`)."""
AT_ONCE = 16
REVIEWER = "rita"


def settings(plan: Plan) -> dict[str, str]:
    """Each session has its own connection upstream, and those that wait may use half of what the server allows."""
    return {"max_connections": str(2 * plan.held + 200)}


@dataclass
class Waiting:
    """One client: the request that its statement became, and when its row came."""

    connection: psycopg.AsyncConnection[tuple[object, ...]]
    sql: str
    request: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    row_at: float = 0.0
    row: tuple[object, ...] | None = None

    def noticed(self, notice: Diagnostic) -> None:
        if notice.sqlstate == "LG001" and notice.message_detail and not self.request.done():
            self.request.set_result(str(json.loads(notice.message_detail)["request"]))

    async def ask(self) -> None:
        cursor = await self.connection.execute(self.sql.encode())
        self.row_at = time.perf_counter()
        self.row = await cursor.fetchone()


def run(world: Served, plan: Plan) -> dict[str, object]:
    return asyncio.run(_run(world, plan))


async def _run(world: Served, plan: Plan) -> dict[str, object]:
    started = time.perf_counter()
    clients: list[Waiting] = []
    limit = asyncio.Semaphore(AT_ONCE)

    async def connect(person: str, token: str, number: int) -> None:
        async with limit:
            connection = await psycopg.AsyncConnection.connect(
                host="127.0.0.1", port=world.port, user=person, password=token, dbname="clinic", autocommit=True
            )
            await connection.execute("SET lockgate.reveal = 'ssn'")
        client = Waiting(connection, f"SELECT ssn FROM patient WHERE id = {number}")
        connection.add_notice_handler(client.noticed)
        clients.append(client)

    try:
        await asyncio.gather(*(connect(*who) for who in _people(world, plan.held)))
        connected_s = time.perf_counter() - started
        asking = [asyncio.create_task(client.ask()) for client in clients]
        requests = await asyncio.wait_for(asyncio.gather(*(client.request for client in clients)), 300)
        held_s = time.perf_counter() - started - connected_s
        resident_mb = world.resident_mb
        voted_at = await _vote(world, requests)
        await asyncio.wait_for(asyncio.gather(*asking), 60)
        assert all(c.row is not None and not str(c.row[0]).startswith("SSN-") for c in clients)
    finally:
        await asyncio.gather(*(client.connection.close() for client in clients))
    waits = [(client.row_at - voted_at[client.request.result()]) * 1000 for client in clients]
    return {
        "held_at_once": len(clients),
        "all_connected_s": round(connected_s, 1),
        "all_held_s": round(held_s, 1),
        "gateway_mb": round(resident_mb),
        "vote_to_first_row_p50_ms": round(statistics.median(waits), 1),
        "vote_to_first_row_p99_ms": round(percentile(waits, 0.99), 1),
        "vote_to_first_row_max_ms": round(max(waits), 1),
    }


def _people(world: Served, held: int) -> Iterator[tuple[str, str, int]]:
    """`(person, their token, which patient)` for each client: people, since an agent waits 45 s at most."""
    for number in range(-(-held // REQUESTS_EACH)):
        person = f"analyst{number}"
        world.passwords[person] = f"password of {person}"
        body = {"name": person, "password": world.passwords[person], "groups": ["analysts"]}
        world.api("root", "POST", "/users", body)
        token = str(world.api(person, "POST", "/tokens", {"connection": "clinic"})["token"])
        for patient in range(1, min(REQUESTS_EACH, held - number * REQUESTS_EACH) + 1):
            yield person, token, patient


async def _vote(world: Served, requests: list[str]) -> dict[str, float]:
    """One reviewer reads and approves one request after another; when each vote was sent."""
    voted_at: dict[str, float] = {}
    world.api(REVIEWER, "GET", "/me")
    async with httpx.AsyncClient(
        base_url=world.url, verify=world.tls(), headers={"Authorization": f"Bearer {world.session(REVIEWER)}"}
    ) as http:
        for request in requests:
            view = (await http.get(f"/api/v1/requests/{request}")).raise_for_status().json()
            ballot = {"approve": True, "reason": "agreed", **{k: view[k] for k in ("action_digest", "view_digest")}}
            voted_at[request] = time.perf_counter()
            (await http.post(f"/api/v1/requests/{request}/vote", json=ballot)).raise_for_status()
    return voted_at
