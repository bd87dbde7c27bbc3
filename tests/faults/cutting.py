"""A wire to the store that can be cut: what goes over it stops, in silence or with an end."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from urllib.parse import urlsplit


class Wire:
    """A loopback port in front of a server. Use as a context manager."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = parts.hostname or "127.0.0.1", parts.port or 5432
        self._whole = asyncio.Event()
        self._refuses = False
        self._writers: list[list[asyncio.StreamWriter]] = []
        self._loop = asyncio.new_event_loop()
        self._url = url
        self.port = 0

    def __enter__(self) -> Wire:
        threading.Thread(target=lambda: (self._loop.run_forever(), self._loop.close()), daemon=True).start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.mend()
        self.hang_up()
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def url(self) -> str:
        """The store's address, by way of this."""
        return self._url.replace(f":{self._to[1]}/", f":{self.port}/")

    def silence(self) -> None:
        """Nothing arrives any more, and nobody is told: as behind a firewall that forgets."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def refuse(self) -> None:
        """No new connection; those that are there stay."""
        self._refuses = True

    def hang_up(self, *, oldest: bool = False) -> None:
        """End what is connected: all, or what was connected first and still is."""

        async def end() -> None:
            for pair in self._writers[:1] if oldest else list(self._writers):
                for writer in pair:
                    writer.transport.abort()

        self._do(end())

    def mend(self) -> None:
        self._refuses = False
        self._loop.call_soon_threadsafe(self._whole.set)

    def _do(self, work) -> None:  # type: ignore[no-untyped-def]
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> None:
        self._whole.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        await self._whole.wait()
        try:
            there, out = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        pair = [writer, out]
        self._writers.append(pair)
        await asyncio.wait(
            [asyncio.ensure_future(self._carry(reader, out)), asyncio.ensure_future(self._carry(there, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for one in pair:
            one.transport.abort()
        self._writers.remove(pair)

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                await self._whole.wait()
                to.write(data)
                await to.drain()


__all__ = ["Wire"]
