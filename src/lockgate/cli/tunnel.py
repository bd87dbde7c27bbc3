"""A Unix socket of mode 0600 that speaks for its owner: it answers the gateway's password request with a fresh token,
so that a client needs no secret at all."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

from lockgate.errors import ConfigError, LockgateError
from lockgate.gateways.postgres.wire import messages as m

CHUNK = 1 << 16


async def tunnel(
    folder: Path,
    gateway: str,
    connection: str,
    ca: str,
    fresh_token: Callable[[], tuple[str, str]],
    ready: Callable[[], None],
) -> None:
    """Serve until cancelled; `ready` is called once clients may connect. Each gets a connection of its own, with a
    token fetched for it."""
    path = _prepared(folder)
    host, _, port = gateway.rpartition(":")
    context = ssl.create_default_context(cafile=ca) if ca else None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _one(reader, writer, host, int(port), context, connection, fresh_token)
        except LockgateError as error:
            writer.write(m.error("FATAL", "28000", error.message, hint=error.hint))
        except (OSError, asyncio.IncompleteReadError):
            # Before a login it is the gateway that is gone; later the client sees its connection end.
            writer.write(m.error("FATAL", "08006", "the gateway does not answer", hint="is lockgate serve running?"))
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    server = await asyncio.start_unix_server(serve, path)
    path.chmod(0o600)
    ready()
    try:
        await server.serve_forever()
    finally:
        path.unlink(missing_ok=True)


def _prepared(folder: Path) -> Path:
    """The socket's path, in a folder that nobody else may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        raise ConfigError(f"{folder} is open to others", hint=f"chmod 700 {folder}")
    path = folder / ".s.PGSQL.5432"
    path.unlink(missing_ok=True)
    return path


async def _one(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    port: int,
    context: ssl.SSLContext | None,
    connection: str,
    fresh_token: Callable[[], tuple[str, str]],
) -> None:
    length = int.from_bytes(await reader.readexactly(4), "big")
    body = await reader.readexactly(length - 4)
    while int.from_bytes(body[:4], "big") in (m.SSL_REQUEST_CODE, 80877104):
        writer.write(b"N")
        length = int.from_bytes(await reader.readexactly(4), "big")
        body = await reader.readexactly(length - 4)
    there, back = await asyncio.open_connection(host, port)
    if context is not None:
        back.write(m.ssl_request())
        if await there.readexactly(1) != b"S":
            raise ConfigError("the gateway offers no TLS")
        await back.start_tls(context, server_hostname=host)
    if int.from_bytes(body[:4], "big") == m.CANCEL_REQUEST_CODE:
        back.write(struct.pack("!I", length) + body)
        await back.drain()
        back.close()
        return
    user, token = await asyncio.to_thread(fresh_token)
    words = body[4:].rstrip(b"\0").split(b"\0")
    settings = {a.decode(): b.decode() for a, b in zip(words[::2], words[1::2], strict=False)}
    back.write(m.startup({**settings, "user": user, "database": connection}))
    header = await there.readexactly(9)
    if header[:1] == b"R" and int.from_bytes(header[5:9], "big") == 3:
        back.write(m.message("p", token.encode() + b"\0"))
    else:
        writer.write(header)
    with contextlib.suppress(OSError):
        await asyncio.gather(_pump(reader, back), _pump(there, writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()
