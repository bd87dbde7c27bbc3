"""An upstream that is none: whatever it says, at login or afterwards, the client gets an error and nothing hangs."""

from __future__ import annotations

import random
import socket
import struct
import threading

import psycopg
import pytest

from lockgate.errors import UpstreamError
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.gateways.postgres.wire.upstream import dial

LOGIN = (
    m.authentication_ok()
    + m.parameter_status("server_version", "18.0")
    + m.backend_key_data(1, b"abcd")
    + m.ready_for_query(ord("I"))
)
PINS = [b"UTF8", b"on", b"safe_encoding", b"off", b"on", b"origin", b"none", b"gw", b"lockgate"]
ROW = struct.pack("!H", len(PINS)) + b"".join(struct.pack("!i", len(value)) + value for value in PINS)
STANDING = m.message("D", ROW) + m.ready_for_query(ord("I"))
"""What is asked of every session first: how its pins stand."""


@pytest.fixture
def impostor():
    """A stand-in that says `script` to whoever connects; it keeps the connection until the other side hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    script: list[bytes] = [b""]

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(client,), daemon=True).start()

    def talk(client: socket.socket) -> None:
        with client:
            try:
                client.recv(65536)
                client.sendall(script[0])
                answers = iter(script[1:])
                while client.recv(65536):
                    client.sendall(next(answers, script[-1]) if len(script) > 1 else b"")
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], script
    listener.close()


def target(port: int, password: str = "secret"):
    return parse_target(f"postgresql://gw@127.0.0.1:{port}/clinic", password)


@pytest.mark.parametrize("number", range(20))
async def test_a_login_that_goes_wrong_is_an_error(impostor, number, pytestconfig, monkeypatch):
    monkeypatch.setattr("lockgate.gateways.postgres.wire.upstream.DIAL_TIMEOUT_S", 0.5)
    port, script = impostor
    rng = random.Random(f"{pytestconfig.getoption('--seed')}/{number}")
    data = bytearray(LOGIN)
    for _ in range(rng.randrange(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    script[0] = bytes(data) + b"X\0\0\0\0"  # something impossible behind it, so that nobody waits for more
    try:
        upstream = await dial(target(port), {})
    except UpstreamError as error:
        assert "secret" not in str(error)
    else:
        upstream.peer.abort()


@pytest.mark.parametrize("said", [b"Z\0\0\0\0", b"S\0\0\0\5x", b"D\xff\xff\xff\xff", b"\0" * 64], ids=range(4))
async def test_a_side_connection_that_talks_nonsense_is_lost(impostor, said):
    port, script = impostor
    script[:] = [LOGIN, STANDING, said]
    pool = SidePool(target(port, ""), size=1)  # it proves nothing, so it is let in only where there is no password
    with pytest.raises(UpstreamError):
        async with pool.lend("public"):
            pass
    pool.close()


@pytest.mark.parametrize(
    "said",
    [b"R\0\0\0\5x", b"S\0\0\0\4", b"S\0\0\0\x07\xff\0\xff", b"Z\0\0\0\1", b"E\0\0\0\5x", b"R\0\0\0\x0c\0\0\0\x0b,,,,"],
    ids=range(6),
)
def test_a_client_is_told_and_not_left_waiting(gate, impostor, said):
    port, script = impostor
    script[0] = said
    connection = gate.assembly.gateway.connections["clinic"]
    connection.target = target(port)
    with pytest.raises(psycopg.OperationalError) as failed:
        gate.connect(connect_timeout=20)
    assert "upstream" in str(failed.value)
