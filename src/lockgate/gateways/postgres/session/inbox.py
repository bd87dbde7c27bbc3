"""What a client sent and has not been dealt with yet, in batches that can be decided whole.

A batch is one simple query, a run of COPY data, or everything up to a Sync or Flush: a client that waits for an
answer must have sent one of them, so waiting for it costs nothing and nothing is half decided.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.wire._frames import split

LONGEST_MESSAGE_BYTES = 1 << 30
DECIDE_EARLY_BYTES = 16 << 20
PAUSE_BYTES = 32 << 20

ALONE = frozenset(b"QXF")
COPY_DATA = frozenset(b"dcf")
ENDS = frozenset(b"SH")
KNOWN = frozenset(b"QXFdcfSHPBDEC")

Message = tuple[int, bytes]
"""`(type byte, whole message)`"""


class Inbox:
    """Feed it chunks; `batch` waits for the next whole batch, None when the client has gone."""

    def __init__(self, pause: Callable[[bool], None]) -> None:
        self._pause = pause
        self._tail = b""
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._ends = 0
        self._arrived = asyncio.Event()
        self._closed = False

    @property
    def empty(self) -> bool:
        return not self._messages and not self._tail

    def feed(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
        frames, used = split(data, LONGEST_MESSAGE_BYTES)
        for kind, start, end in frames:
            if kind not in KNOWN:
                raise ProtocolError("invalid frontend message type")
            self._messages.append((kind, data[start:end]))
            self._ends += kind in ENDS
        self._tail = data[used:]
        self._bytes += len(data) - len(self._tail)
        if self._bytes + len(self._tail) > PAUSE_BYTES and self._messages:
            self._pause(True)
        self._arrived.set()

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
        if self._bytes + len(self._tail) <= PAUSE_BYTES // 2:
            self._pause(False)
        return taken

    def _ready(self) -> bool:
        if not self._messages:
            return False
        first = self._messages[0][0]
        return (
            first in ALONE
            or first in COPY_DATA
            or self._ends > 0
            or self._bytes > DECIDE_EARLY_BYTES
            or any(kind in ALONE for kind, _ in self._messages)
        )

    def _take(self) -> Message:
        message = self._messages.popleft()
        self._bytes -= len(message[1])
        self._ends -= message[0] in ENDS
        return message
