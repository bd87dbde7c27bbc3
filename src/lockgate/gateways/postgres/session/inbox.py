"""What a client sent and has not been dealt with yet, in batches that can be decided whole.

A batch is one simple query, a run of COPY data, or everything up to a Sync or Flush: a client that waits for an
answer must have sent one of them, so waiting for it costs nothing and nothing is half decided.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.classify.parse import LONGEST_TEXT_BYTES
from lockgate.gateways.postgres.wire._frames import split

LONGEST_MESSAGE_BYTES = 1 << 28
"""Of Bind and CopyData, which are held whole."""
LONGEST_SMALL_MESSAGE_BYTES = 10_000
"""PostgreSQL's own PQ_SMALL_MESSAGE_LIMIT, for messages that hold no text and no values."""
LONGEST_TEXT_MESSAGE_BYTES = LONGEST_TEXT_BYTES + (256 << 10)
"""Of Query and Parse, with room for names and parameter types: a longer one is not kept, only refused."""
DECIDE_EARLY_BYTES = 16 << 20
PAUSE_BYTES = 32 << 20
KEPT_BYTES = 150
"""What keeping a message costs besides its own bytes: a Sync has five."""

ALONE = frozenset(b"QXF")
COPY_DATA = frozenset(b"dcf")
ENDS = frozenset(b"SH")
KNOWN = frozenset(b"QXFdcfSHPBDEC")

LARGE = frozenset(b"QPBdF")
TEXTS = frozenset(b"QP")

Message = tuple[int, bytes]
"""`(type byte, whole message)`"""
TOO_LONG = b""
"""In place of a Query or a Parse that was thrown away while it came in."""


class Inbox:
    """Feed it chunks; `batch` waits for the next whole batch, None when the client has gone."""

    def __init__(self, pause: Callable[[bool], None]) -> None:
        self._pause = pause
        self._tail = bytearray()
        self._wanted = 0
        """How long the tail must be before its first message is whole; nothing is copied until then."""
        self._skip = 0
        """Bytes of a message that is thrown away which are still to come."""
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._ends = 0
        self._alone = 0
        self._arrived = asyncio.Event()
        self._closed = False

    @property
    def empty(self) -> bool:
        return not self._messages and not self._tail and not self._skip

    def feed(self, data: bytes) -> None:
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            if self._skip:
                return
            data = data[skipped:]
            self._arrived.set()
        if self._tail:
            self._tail += data
            if len(self._tail) < self._wanted:
                return
            data = bytes(self._tail)
            self._tail = bytearray()
        frames, used = split(data, LONGEST_MESSAGE_BYTES)
        for kind, start, end in frames:
            self._check(kind, end - start - 1)
            too_long = kind in TEXTS and end - start > LONGEST_TEXT_MESSAGE_BYTES
            message = TOO_LONG if too_long else data[start:end]
            self._add(kind, message)
        self._keep(data, used)
        if self._costs() > PAUSE_BYTES and self._messages:
            self._pause(True)
        self._arrived.set()

    def _costs(self) -> int:
        return self._bytes + len(self._tail) + KEPT_BYTES * len(self._messages)

    def _keep(self, data: bytes, used: int) -> None:
        """The unfinished rest, unless it is the beginning of what is thrown away."""
        self._wanted = 5
        if len(data) - used >= 5:
            length = int.from_bytes(data[used + 1 : used + 5], "big")
            self._check(data[used], length)
            self._wanted = 1 + length
            if data[used] in TEXTS and self._wanted > LONGEST_TEXT_MESSAGE_BYTES:
                self._add(data[used], TOO_LONG)
                self._skip = used + self._wanted - len(data)
                return
        self._tail += data[used:]

    def _add(self, kind: int, message: bytes) -> None:
        self._messages.append((kind, message))
        self._bytes += len(message)
        self._ends += kind in ENDS
        self._alone += kind in ALONE

    @staticmethod
    def _check(kind: int, length: int) -> None:
        if kind not in KNOWN:
            raise ProtocolError("invalid frontend message type")
        if length > LONGEST_SMALL_MESSAGE_BYTES and kind not in LARGE:
            raise ProtocolError("invalid message length")

    def close(self) -> None:
        self._closed = True
        self._arrived.set()

    async def batch(self) -> list[Message] | None:
        while not self._ready():
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        taken = [self._take()]
        first = taken[0][0]
        if first in COPY_DATA:
            while self._messages and self._messages[0][0] in COPY_DATA:
                taken.append(self._take())
        elif first not in ALONE and first not in ENDS:
            while self._messages and self._messages[0][0] not in ALONE:
                taken.append(self._take())
                if taken[-1][0] in ENDS:
                    break
        if self._costs() <= PAUSE_BYTES // 2:
            self._pause(False)
        return taken

    def _ready(self) -> bool:
        if not self._messages or (self._skip and len(self._messages) == 1):
            return False
        first = self._messages[0][0]
        return (
            first in ALONE
            or first in COPY_DATA
            or self._ends > 0
            or self._bytes > DECIDE_EARLY_BYTES
            or self._alone > 0
        )

    def _take(self) -> Message:
        message = self._messages.popleft()
        self._bytes -= len(message[1])
        self._ends -= message[0] in ENDS
        self._alone -= message[0] in ALONE
        return message
