"""A peer without a socket: what is written to it is kept, what it is to receive is handed in."""

from __future__ import annotations

from typing import Any

from lockgate.gateways.postgres.wire.peer import Peer


class Transport:
    """As much of a transport as a handshake touches."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def set_write_buffer_limits(self, high: int) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def get_extra_info(self, name: str) -> Any:
        return None


def peer_with(data: bytes) -> tuple[Peer, Transport]:
    """A peer whose other end has said this and hung up."""
    transport = Transport()
    peer = Peer()
    peer.connection_made(transport)  # type: ignore[arg-type]
    peer.data_received(data)
    peer.connection_lost(None)
    return peer, transport
