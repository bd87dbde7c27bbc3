"""Getting in: TLS, malformed and hostile bytes, and what happens when Lockgate's own parts fail."""

from __future__ import annotations

import random
import socket
import ssl
import struct

import asyncpg
import psycopg
import pytest

from lockgate.cli.certificates import make_certificates
from lockgate.errors import StoreError
from lockgate.gateways.postgres.wire import messages as m


@pytest.fixture
def tls(gate, tmp_path):
    """The gate with a certificate of a local CA; returns the CA's path."""
    certificate, key = make_certificates(tmp_path / "tls", ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    gate.assembly.gateway._tls = context
    return str(tmp_path / "tls" / "ca.pem")


def test_psycopg_connects_with_verify_full(gate, tls):
    parameters = {**gate.parameters(), "host": "localhost", "hostaddr": "127.0.0.1"}
    with psycopg.connect(**parameters, sslmode="verify-full", sslrootcert=tls) as agent:
        assert agent.pgconn.ssl_in_use
        assert agent.execute("SELECT name FROM patient LIMIT 1").fetchone()[0].startswith("NAME-")


async def test_asyncpg_connects_with_tls(gate, tls):
    parameters = gate.parameters()
    parameters["database"] = parameters.pop("dbname")
    agent = await asyncpg.connect(**{**parameters, "host": "localhost"}, ssl=ssl.create_default_context(cafile=tls))
    assert await agent.fetchval("SELECT count(*) FROM ward") == 6
    await agent.close()


def test_bytes_before_the_handshake_close_the_connection(gate, tls):
    """CVE-2021-23214: what a man in the middle slips in before TLS must never count as the client's."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=5) as client:
        client.sendall(m.ssl_request() + m.startup({"user": "bot", "database": "clinic"}))
        answer = client.recv(4096)
    assert not answer.startswith(b"S")
    assert b"before the TLS handshake" in answer


def say(gate, data: bytes) -> bytes:
    """Send bytes to the gate and read until it hangs up (or says nothing for a while)."""
    out = b""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=1) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        try:
            while piece := client.recv(65536):
                out += piece
        except TimeoutError:
            pass
    return out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\4",
        struct.pack("!II", 8, 1234),
        struct.pack("!I", 0x7FFFFFFF) + b"x" * 100,
        struct.pack("!II", 8, 2 << 16),
        struct.pack("!II", 9, 3 << 16) + b"u",
        m.startup({"user": "bot", "database": "clinic", "replication": "database"}),
        m.startup({"user": "bot", "database": "clinic", "options": "-c standard_conforming_strings=off"}),
        m.startup({"database": "clinic"}),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        m.cancel_request(1, b"guess"),
    ],
    ids=[
        "nothing",
        "too-short",
        "unknown",
        "huge",
        "version-2",
        "cut",
        "replication",
        "settings",
        "nobody",
        "http",
        "cancel",
    ],
)
def test_hostile_openings_end_politely(gate, data):
    answer = say(gate, data)
    assert answer in (b"",) or answer[:1] in b"ERv"
    with gate.connect() as agent:
        assert agent.execute("SELECT 1").fetchone() == (1,), "others are unharmed"


def logged_in(gate) -> socket.socket:
    parameters = gate.parameters()
    client = socket.create_connection(("127.0.0.1", gate.port), timeout=2)
    client.sendall(m.startup({"user": "bot", "database": "clinic"}))
    client.recv(100)
    client.sendall(m.message("p", parameters["password"].encode() + b"\0"))
    seen = b""
    while not seen.endswith(b"Z\0\0\0\5I"):
        seen += client.recv(65536)
    return client


def test_mutated_conversations_never_crash_nor_leak(gate, hospital):
    """A small, seeded share of what a fuzzer does for longer."""
    with hospital.direct() as direct:
        secrets = [row[0].encode() for row in direct.execute("SELECT ssn FROM patient")]
    good = (
        m.parse("s", b"SELECT ssn FROM patient WHERE id = $1", ())
        + m.bind("", "s", (), [b"1"], ())
        + m.describe(b"P", "")
        + m.execute("", 0)
        + m.sync()
        + m.query(b"SELECT name, ssn FROM patient LIMIT 2")
    )
    rng = random.Random(11)
    for _ in range(40):
        mutated = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            place = rng.randrange(len(mutated))
            mutated[place : place + rng.randrange(2)] = bytes([rng.randrange(256)])
        out = b""
        with logged_in(gate) as client:
            client.settimeout(0.3)
            client.sendall(bytes(mutated))
            try:
                while piece := client.recv(65536):
                    out += piece
                    if out.count(b"Z\0\0\0\5") >= 2:
                        break
            except OSError:
                pass
        assert not any(secret in out for secret in secrets)
    with gate.connect() as agent:
        assert agent.execute("SELECT count(*) FROM patient").fetchone() == (300,)


def test_an_unreachable_store_executes_nothing(gate, hospital, monkeypatch):
    with gate.connect() as agent:
        agent.execute("SELECT 1")

        async def broken(unit):
            raise StoreError("the disk is full")

        monkeypatch.setattr(gate.assembly.store, "commit", broken)
        monkeypatch.setattr(gate.assembly.store, "transact", broken)
        with pytest.raises(psycopg.Error) as failed:
            agent.execute("SELECT name FROM patient WHERE mrn = '7000013'")
        assert failed.value.sqlstate == "LG005"
        monkeypatch.undo()


def test_the_upstream_dying_ends_the_session_with_an_error(gate, hospital):
    with gate.connect() as agent:
        pid = agent.execute("SELECT pg_backend_pid()").fetchone()[0]
        hospital.superuser(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(psycopg.Error):
            agent.execute("SELECT count(*) FROM ward, ward w, pg_sleep(1)")
