"""A client that speaks the protocol byte by byte, for what no driver would send."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def query(sql: str) -> bytes:
    return message(b"Q", sql.encode() + b"\0")


def parse(name: str, sql: str) -> bytes:
    return message(b"P", name.encode() + b"\0" + sql.encode() + b"\0\0\0")


def bind(name: str, portal: str = "") -> bytes:
    return message(b"B", portal.encode() + b"\0" + name.encode() + b"\0\0\0\0\0\0\0")


def execute(portal: str = "", rows: int = 0) -> bytes:
    return message(b"E", portal.encode() + b"\0" + struct.pack("!i", rows))


SYNC = message(b"S")


class Wire:
    """Logged in and ready; `say` sends bytes in one piece, `hear` reads until that many ReadyForQuery have come."""

    def __init__(self, gate: Any, user: str = "bot", also: Mapping[str, str] = MappingProxyType({})) -> None:
        parameters = gate.parameters(user)
        self.socket = socket.create_connection((parameters["host"], parameters["port"]), timeout=20)
        settings = {"user": user, "database": parameters["dbname"], **also}
        pairs = "".join(f"{name}\0{value}\0" for name, value in settings.items()).encode() + b"\0"
        self.socket.sendall(struct.pack("!ii", len(pairs) + 8, 3 << 16) + pairs)
        self._rest = b""
        self._one()
        self.say(message(b"p", parameters["password"].encode() + b"\0"))
        self.hear(1)

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self, ready: int) -> list[tuple[bytes, bytes]]:
        """Messages up to the n-th ReadyForQuery, or until the gateway hangs up."""
        heard: list[tuple[bytes, bytes]] = []
        while ready:
            one = self._one()
            if one is None:
                break
            heard.append(one)
            ready -= one[0] == b"Z"
        return heard

    def _one(self) -> tuple[bytes, bytes] | None:
        while len(self._rest) < 5 or len(self._rest) < 1 + struct.unpack("!i", self._rest[1:5])[0]:
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not more:
                return None
            self._rest += more
        end = 1 + struct.unpack("!i", self._rest[1:5])[0]
        found, self._rest = (self._rest[:1], self._rest[5:end]), self._rest[end:]
        return found

    def close(self) -> None:
        self.socket.close()
