"""The side connection: same role, same search_path, on which statements are analysed and never executed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from lockgate.errors import ProtocolError, UpstreamError
from lockgate.gateways.postgres.lineage.side import Described, Question, Row
from lockgate.gateways.postgres.resolve import exchange
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.target import Target
from lockgate.gateways.postgres.wire.upstream import Upstream, dial

LONGEST_MESSAGE_BYTES = 1 << 28
MOST_KEPT = 16


class SideConnection:
    """Implements the analysis's `Side` over one upstream connection; one user at a time (see `SidePool`)."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._tail = bytearray()
        self._messages: list[tuple[int, bytes]] = []
        self._done: asyncio.Future[None] | None = None
        self._kept: dict[str, str] = {}
        """Our own questions with parameters, and the names under which the server keeps them parsed and planned."""
        self._named = 0
        self._search_path = ""
        upstream.peer.attach(self._received, self._lost)

    @property
    def closed(self) -> bool:
        return self._upstream.peer.closed

    def close(self) -> None:
        self._upstream.peer.write(m.terminate())
        self._upstream.peer.close()

    async def fetch(self, sql: str, *args: str | None) -> list[Row]:
        """Run one statement with text parameters; rows in text format. `ServerError` carries the SQLSTATE."""
        return (await self.fetch_all((sql, *args)))[0]

    async def fetch_all(self, *questions: Question) -> list[list[Row]]:
        request = bytearray()
        new: dict[str, str] = {}
        for question in questions:
            sql = question[0]
            if sql in self._kept:
                request += exchange.to_run(question, self._kept[sql])
            elif len(question) > 1 and len(self._kept) + len(new) < MOST_KEPT and sql not in new:
                self._named += 1
                new[sql] = f"lockgate_{self._named}"
                request += exchange.to_keep(question, new[sql])
            else:
                request += exchange.to_keep(question, "")
        found = exchange.rows(await self._exchange(bytes(request) + m.sync()))
        self._kept |= new
        return found

    async def search_in(self, path: str) -> None:
        """Set the connection's search_path, if it is another."""
        if path != self._search_path:
            self._search_path = ""
            await self.fetch("SELECT pg_catalog.set_config('search_path', $1, false)", path)
            self._search_path = path

    async def describe(self, sql: str, oids: Sequence[int]) -> Described:
        """What the server makes of a statement without running it: parameter types and output fields."""
        return exchange.described(await self._exchange(exchange.to_describe(sql, oids)))

    async def describe_aloud(self, sql: str, oids: Sequence[int]) -> tuple[Described, list[Mapping[str, str]]]:
        answer = await self._exchange(exchange.to_describe_aloud(sql, oids))
        return exchange.described(answer), exchange.notices(answer)

    async def _exchange(self, request: bytes) -> exchange.Answer:
        if self.closed:
            raise UpstreamError("the side connection is gone")
        self._messages, self._done = [], asyncio.get_running_loop().create_future()
        self._upstream.peer.write(request)
        await self._done
        return exchange.checked(self._messages)

    def _received(self, data: bytes) -> None:
        self._tail += data
        try:
            self._take_apart()
        except (ProtocolError, ValueError):
            self._upstream.peer.abort()
            self._lost()

    def _take_apart(self) -> None:
        offset = 0
        while len(self._tail) - offset >= 5:
            length = int.from_bytes(self._tail[offset + 1 : offset + 5], "big")
            if not 4 <= length <= LONGEST_MESSAGE_BYTES:
                raise ProtocolError("the upstream sent a message of impossible length")
            end = offset + 1 + length
            if len(self._tail) < end:
                break
            kind, body = self._tail[offset], bytes(self._tail[offset + 5 : end])
            offset = end
            if kind == ord("S"):
                name, value = body[:-1].split(b"\0", 1)
                self._upstream.parameters[name.decode()] = value.decode()
            elif kind == ord("Z"):
                if self._done is not None and not self._done.done():
                    self._done.set_result(None)
            else:
                self._messages.append((kind, body))
        del self._tail[:offset]

    def _lost(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(UpstreamError("the side connection was lost"))


class SidePool:
    """A few side connections to one target, opened when first needed; each is lent to one analysis at a time."""

    def __init__(self, target: Target, size: int = 2) -> None:
        self._target = target
        self._idle: list[SideConnection] = []
        self._slots = asyncio.Semaphore(size)
        self._closed = False

    @asynccontextmanager
    async def lend(self, search_path: str) -> AsyncIterator[SideConnection]:
        """A connection whose `search_path` is this one (as the server reported it for the session)."""
        async with self._slots:
            side = await self._take()
            try:
                await side.search_in(search_path)
                yield side
            except BaseException:
                # Whatever state it is in (an open transaction, half an answer), nobody else gets it.
                if side in self._idle:
                    self._idle.remove(side)
                side.close()
                raise
            else:
                if self._closed:
                    side.close()
                else:
                    self._idle.append(side)

    async def _take(self) -> SideConnection:
        while self._idle:
            side = self._idle.pop()
            if not side.closed:
                return side
        return SideConnection(await dial(self._target, {"application_name": "lockgate analysis"}))

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()
