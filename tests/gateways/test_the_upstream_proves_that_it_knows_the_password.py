"""A server that knows the gateway's password proves it (RFC 5802, the server's signature); one that skips the proof is
an impostor, whatever the address says of TLS. Nothing but "there is no password" makes it superfluous."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from scramp import ScramMechanism

from lockgate.errors import UpstreamError
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.gateways.postgres.wire.upstream import dial

READY = m.message("K", bytes(8)) + m.ready_for_query(ord("I"))
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[int]:
    """The port of a server that reads the startup packet and then talks as it likes."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)
        await talk(reader, writer)
        await writer.drain()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def asks_for_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(m.authentication_ok() + READY)


async def forgets_its_signature(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    mechanism = ScramMechanism()
    stored = mechanism.make_auth_info("the real password", iteration_count=4096)
    server = mechanism.make_server(lambda user: stored)
    writer.write(m.message("R", (10).to_bytes(4, "big") + b"SCRAM-SHA-256\0\0"))
    first = await body(reader)
    server.set_client_first(first[first.index(b"\0") + 5 :].decode())
    writer.write(m.message("R", (11).to_bytes(4, "big") + server.get_server_first().encode()))
    await body(reader)
    writer.write(m.authentication_ok() + READY)


async def asks_for_nothing_and_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asks_for_nothing(reader, writer)
    await body(reader)  # how the session stands
    values = [b"UTF8", b"on", b"safe_encoding", b"off", b"on", b"origin", b"none", b"gw", b"lockgate"]
    row = struct.pack("!H", len(values)) + b"".join(struct.pack("!i", len(value)) + value for value in values)
    writer.write(m.message("D", row) + m.ready_for_query(ord("I")))


async def body(reader: asyncio.StreamReader) -> bytes:
    await reader.readexactly(1)
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)


@pytest.mark.parametrize("talk", [asks_for_nothing, forgets_its_signature])
async def test_a_server_without_proof_is_an_impostor(talk):
    async with serving(talk) as port:
        with pytest.raises(UpstreamError, match="proof"):
            await dial(parse_target(f"postgresql://gw@127.0.0.1:{port}/clinic", "the real password"), {})


async def test_where_there_is_no_password_there_is_nothing_to_prove():
    """`password: none`: the address alone says who it is (trust on loopback, peer on a Unix socket)."""
    async with serving(asks_for_nothing_and_answers) as port:
        upstream = await dial(parse_target(f"postgresql://gw@127.0.0.1:{port}/clinic", ""), {})
        upstream.peer.abort()
