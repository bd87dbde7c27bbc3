"""What no driver would send, over real sockets: a proper PostgreSQL error, and every other session unharmed."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import struct

import pytest

from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import parse_fields
from support import start_gate, stop_gate
from wire import SYNC, Wire, execute, message, parse, query

MB = 1 << 20


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    """One for all of them: whatever a test sends, the next finds it unharmed."""
    started = start_gate(hospital, tmp_path_factory.mktemp("bad-input"), "ai-agents")
    yield started
    stop_gate(started)


@pytest.fixture
def other(gate):
    """Somebody else, at work all the time."""
    with gate.connect() as agent:
        yield agent
        assert agent.execute("SELECT count(*) FROM patient").fetchone() == (300,), "others are unharmed"


def fields(heard) -> dict[str, str]:
    """Of the first error among the messages."""
    return parse_fields(next(body for kind, body in heard if kind == b"E"))


def rss_mb() -> int:
    """Resident memory of this process, in which the gate runs too."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // MB


# long and deep ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["simple", "extended"])
def test_a_statement_of_100_mb_is_refused_and_never_held(gate, other, way):
    wire = Wire(gate)
    before = rss_mb()
    start = b"SELECT '" if way == "simple" else b"\0SELECT '"
    end = b"'\0" if way == "simple" else b"'\0\0\0"
    wire.say((b"Q" if way == "simple" else b"P") + struct.pack("!i", 4 + len(start) + 100 * MB + len(end)) + start)
    piece = b"x" * MB
    for _ in range(100):
        wire.say(piece)
    assert rss_mb() - before < 60
    wire.say(end + (b"" if way == "simple" else SYNC))
    said = fields(wire.hear(1))
    assert said["C"] == "54000" and "COPY" in said["H"]
    wire.say(query("SELECT 1"))
    assert wire.hear(1)[-1] == (b"Z", b"I"), "the session goes on"
    wire.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "+".join("1" * 150_000),
        "SELECT 1 FROM ward" + " JOIN ward ON true" * 50_000,
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
        "SELECT 1" + " UNION ALL SELECT 1" * 40_000,
        "SELECT " + "NOT " * 100_000 + "true",
        "SELECT 1" + "::int" * 100_000,
    ],
    ids=["sum", "joins", "brackets", "union", "not", "casts"],
)
def test_a_statement_nested_without_end_ends_in_an_error(gate, other, text):
    """The parser works by recursion: unguarded, the first of these ended the whole process."""
    wire = Wire(gate)
    wire.say(query(text))
    assert fields(wire.hear(1))["C"] in ("54001", "42601")
    wire.say(query("SELECT 1"))
    assert wire.hear(1)[-1] == (b"Z", b"I")
    wire.close()


@pytest.mark.parametrize("terms", [100, 250, 400])
def test_a_sum_that_people_could_write_is_answered(gate, terms):
    wire = Wire(gate)
    wire.say(query("SELECT " + "+".join(["1"] * terms)))
    heard = wire.hear(1)
    assert any(kind == b"D" for kind, _ in heard) or fields(heard)["C"] in ("54001", "LG002")
    wire.say(query("SELECT 1"))
    assert wire.hear(1)[-1] == (b"Z", b"I")
    wire.close()


def test_10_000_parameters_pass_and_65_536_get_an_error(gate, other):
    """The protocol counts them in sixteen bits: one more than fits is a malformed message."""

    def counted(parameters: int) -> object:
        sql = "SELECT count(*) FROM ward WHERE id IN (" + ",".join(["%s"] * parameters) + ")"
        with gate.connect() as agent:
            return agent.execute(sql, list(range(parameters))).fetchone()[0]

    assert counted(100) == counted(10_000) == 6
    wire = Wire(gate)
    wire.say(parse("", "SELECT 1"))
    values = b"\0\0\0\0" + struct.pack("!H", 65_536 & 0xFFFF) + b"\0\0\0\1x" * 65_536 + b"\0\0"
    wire.say(message(b"B", values) + execute() + SYNC)
    assert fields(wire.hear(1))["C"] == "08P01"
    wire.close()


# bytes that are no text --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sql", "code"),
    [(b"SELECT '\xff\xfe'", ("22021", "42601")), (b"SELECT 'a\0b'", ("22021", "42601", "08P01"))],
    ids=["not-utf-8", "zero-byte"],
)
def test_bytes_that_are_no_text(gate, other, sql, code):
    for send in (message(b"Q", sql + b"\0"), message(b"P", b"\0" + sql + b"\0\0\0") + SYNC):
        wire = Wire(gate)
        wire.say(send)
        assert fields(wire.hear(1))["C"] in code
        wire.close()


def test_a_parameter_that_is_no_text_gets_the_servers_own_error(gate, other):
    wire = Wire(gate)
    wire.say(parse("", "SELECT $1::text"))
    wire.say(message(b"B", b"\0\0\0\0" + struct.pack("!Hi", 1, 2) + b"\xff\xfe\0\0") + execute() + SYNC)
    assert fields(wire.hear(1))["C"] == "22021"
    wire.close()


# lengths and types -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [
        b"Q\0\0\0\0",
        b"Q\0\0\0\3",
        b"Q\xff\xff\xff\xff",
        b"Q\x80\0\0\0SELECT",
        b"B\x7f\xff\xff\xff",
        b"E" + struct.pack("!i", 20_000) + bytes(19_996),
        b"Q\0\0\0\4",
        b"Q\0\0\0\5x",
        b"?\0\0\0\4",
        b"p\0\0\0\5\0",
        b"B\0\0\0\4",
        b"F\0\0\0\4",
    ],
    ids=["0", "3", "-1", "negative", "2-gb", "long-execute", "no-text", "no-end", "type", "password", "bind", "call"],
)
def test_impossible_messages_end_the_session_alone(gate, other, data):
    wire = Wire(gate)
    wire.say(data + SYNC)
    said = fields(wire.hear(2))
    assert said["C"] in ("08P01", "0A000") and said["S"] in ("FATAL", "ERROR")
    wire.close()


# openings ----------------------------------------------------------------------------------------------------------
def opening(gate, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        out = b""
        while piece := client.recv(65536):
            out += piece
    return out


def startup(minor: int = 0, major: int = 3, **pairs: str) -> bytes:
    body = b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
    return struct.pack("!II", len(body) + 8, major << 16 | minor) + body


@pytest.mark.parametrize("major", [0, 1, 2, 4, 1234, 0xFFFF])
def test_an_unknown_protocol_is_named_as_such(gate, other, major):
    answer = opening(gate, startup(9, major, user="bot"))
    assert parse_fields(answer[5:])["C"] == "0A000"


@pytest.mark.parametrize(("minor", "agreed"), [(0, None), (2, None), (1, 0), (9999, 2)])
def test_a_newer_minor_version_is_negotiated_down(gate, minor, agreed):
    answer = opening(gate, startup(minor, user="bot", database="clinic"))
    if agreed is None:
        assert answer[:1] == b"R"
    else:
        assert answer[:1] == b"v" and struct.unpack("!II", answer[5:13]) == (3 << 16 | agreed, 0)


def test_unknown_protocol_options_are_named_in_the_answer(gate):
    answer = opening(gate, startup(2, user="bot", database="clinic", **{"_pq_.future": "1"}))
    assert answer[:1] == b"v" and b"_pq_.future\0" in answer


def test_tls_and_gss_are_declined_and_the_login_goes_on(gate):
    both = struct.pack("!II", 8, 80877104) + m.ssl_request() + startup(user="bot", database="clinic")
    assert opening(gate, both).startswith(b"NNR\0\0\0\x08\0\0\0\3")


def test_a_cancel_with_a_wrong_key_cancels_nothing(gate, hospital):
    with gate.connect() as agent:
        process_id = agent.pgconn.backend_pid
        work = gate.in_background(lambda: agent.execute("SELECT count(*) FROM ward, pg_sleep(0.5)").fetchone())
        for key in (b"", b"\0\0\0\0", b"x" * 256, b"\xff" * 32):
            assert opening(gate, m.cancel_request(process_id, key)) == b""
        assert work.result() == (6,)


# peers that hang -----------------------------------------------------------------------------------------------------
def test_half_open_connections_keep_nobody_out(gate, other, monkeypatch):
    """Two hundred that say nothing or half of something: others come in, and the gate lets go of them in the end."""
    monkeypatch.setattr("lockgate.gateways.postgres.gateway.HANDSHAKE_S", 2.0)
    waiting = []
    for number in range(200):
        client = socket.create_connection(("127.0.0.1", gate.port), timeout=20)
        client.sendall(b"" if number % 2 else b"\0\0\0\x40\0\3\0\0user")
        waiting.append(client)
    with gate.connect() as agent:
        assert agent.execute("SELECT 1").fetchone() == (1,)
    for client in waiting:
        with contextlib.suppress(ConnectionError):
            assert client.recv(100) == b""
        client.close()


def test_a_client_that_does_not_read_is_not_read_for(gate, other, hospital):
    """A gigabyte asked for and not taken: the server waits, not our memory."""
    wire = Wire(gate)
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    before = rss_mb()
    wire.say(
        query("SELECT a.*, b.*, c.*, d.*, e.* FROM encounter a, encounter b, encounter c, encounter d, encounter e")
    )
    for _ in range(100):
        if any(s.upstream.peer._paused for _, s in gate.assembly.gateway._sessions.values()):
            break
        other.execute("SELECT count(*) FROM encounter a, encounter b")
    else:
        raise AssertionError("the gateway reads further than the client")
    assert rss_mb() - before < 60
    wire.close()


def test_rows_for_a_server_that_does_not_read_are_not_read_either(gate, other, hospital):
    """COPY FROM STDIN into a server that hangs: the client is slowed down, nothing piles up here."""
    wire = Wire(gate)
    wire.say(query("CREATE TEMP TABLE scratch (a text)"))
    wire.hear(1)
    wire.say(query("COPY scratch FROM STDIN"))
    session = next(s for _, s in gate.assembly.gateway._sessions.values() if s.local_objects)
    while not session.answers.copy_in:
        other.execute("SELECT 1")
    before = rss_mb()
    os.kill(session.upstream.process_id, signal.SIGSTOP)
    try:
        wire.socket.settimeout(2)
        row = message(b"d", b"x" * MB + b"\n")
        with pytest.raises(TimeoutError):
            wire.say(row * 400)
        assert rss_mb() - before < 120
    finally:
        os.kill(session.upstream.process_id, signal.SIGCONT)
    wire.close()
