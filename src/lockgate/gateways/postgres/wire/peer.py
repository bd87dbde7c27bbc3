"""One end of a TCP or Unix connection: read exactly during a handshake, then hand chunks to whoever is attached.

uvloop protocols, never streams: a stream's extra copy and future per read costs half of the throughput.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from lockgate.errors import ProtocolError

HIGH_WATER_BYTES = 1 << 20
LONGEST_HANDSHAKE_MESSAGE = 1 << 16
DRAIN_S = 5.0

HANDSHAKE, INBOX, OTHER_SIDE, SEARCH = "handshake", "inbox", "other side", "search"
"""Who may ask that a peer be not read: its unread bytes, what is undecided, the peer that they would go to, and rows
that are searched."""


class Peer(asyncio.Protocol):
    """`read` and `message` serve the handshake; after `attach` every chunk goes to `receive`, unbuffered."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self._ending = False
        self._paused: set[str] = set()
        self._receive: Callable[[bytes], None] | None = None
        self._lost: Callable[[], None] | None = None
        self._pause: Callable[[bool], None] | None = None
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        if self._receive is not None:
            self._receive(data)
            return
        self._buffer += data
        if len(self._buffer) > 2 * LONGEST_HANDSHAKE_MESSAGE:
            self.reading(False, HANDSHAKE)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._wake()
        if self._lost is not None:
            self._lost()

    def pause_writing(self) -> None:
        if self._pause is not None:
            self._pause(True)

    def resume_writing(self) -> None:
        if self._pause is not None:
            self._pause(False)

    def attach(
        self, receive: Callable[[bytes], None], lost: Callable[[], None], pause: Callable[[bool], None] | None = None
    ) -> None:
        """From now on chunks go to `receive`; `lost` is called once; `pause(True)` asks to stop writing here."""
        self._receive, self._lost, self._pause = receive, lost, pause
        self.reading(True, HANDSHAKE)
        if self._buffer:
            held, self._buffer = bytes(self._buffer), bytearray()
            receive(held)
        if self.closed:
            lost()

    def reading(self, on: bool, why: str) -> None:
        """Back-pressure: stop or go on reading from this peer. It is read again once nobody has a reason left."""
        before = bool(self._paused)
        if on:
            self._paused.discard(why)
        else:
            self._paused.add(why)
        if self.transport is None or self.closed or self._ending or bool(self._paused) is before:
            return
        if self._paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.transport is not None and not self.closed and not self._ending:
            self.transport.write(data)

    @property
    def unsent(self) -> int:
        """Bytes that were written and that the other side has not taken yet."""
        return 0 if self.transport is None or self.closed else self.transport.get_write_buffer_size()

    def close_with(self, last: bytes, *, drop_unsent: bool = False) -> None:
        """Send this and close; or close at once, without it, where what was sent before has not been taken."""
        if drop_unsent and self.unsent:
            self.abort()
        else:
            self.write(last)
            self.close()

    def close(self) -> None:
        """Let what was written drain, for a moment; a peer that does not read does not keep the connection.

        What is still on its way here is read and dropped: closing over unread bytes resets the connection (RFC 1122,
        4.2.2.13), and the peer may never see what was written last, which says why it ends.
        """
        if self.transport is None or self.closed or self._ending:
            return
        self._ending = True
        self._receive = _drop
        if self.transport.can_write_eof():
            self.transport.write_eof()
            if self._paused:
                self.transport.resume_reading()
        else:
            self.transport.close()
        asyncio.get_running_loop().call_later(DRAIN_S, self.transport.abort)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    @property
    def buffered(self) -> int:
        """Bytes received and not yet read; must be 0 before a TLS handshake (CVE-2021-23214, -23222)."""
        return len(self._buffer)

    async def read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if self.closed:
                raise ProtocolError("the peer closed the connection during the handshake")
            self.reading(True, HANDSHAKE)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def message(self) -> tuple[int, bytes]:
        """One typed message of the handshake: `(type byte, body)`."""
        header = await self.read(5)
        length = int.from_bytes(header[1:5], "big")
        if not 4 <= length <= LONGEST_HANDSHAKE_MESSAGE:
            raise ProtocolError("a handshake message has an impossible length")
        return header[0], await self.read(length - 4)

    async def start_tls(self, context: ssl.SSLContext, *, server_side: bool, host: str | None = None) -> None:
        if self._buffer:
            raise ProtocolError("bytes were sent before the TLS handshake")
        assert self.transport is not None
        transport = await asyncio.get_running_loop().start_tls(
            self.transport, self, context, server_side=server_side, server_hostname=host
        )
        if transport is None:
            raise ProtocolError("the TLS handshake failed")
        self.transport = transport
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _drop(_: bytes) -> None:
    """Nobody listens any more."""
