"""What no driver does by itself: protocol 3.2 whole, portals that are taken up again, pipelines without Sync."""

from __future__ import annotations

import socket
import struct
import threading

import psycopg
import pytest

from lockgate.errors import ConfigError
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.frontend import StartupRefused, read_startup
from lockgate.gateways.postgres.wire.parsing import parse_fields
from lockgate.server.config import load_config
from lockgate.server.serve import start
from support import tried
from wire import SYNC, Wire, bind, execute, message, parse, query

FLUSH = message(b"H")
SEARCH = "SELECT id FROM patient WHERE ssn > '9' AND id <= 7 ORDER BY id"


def bind_with(name: str, value: bytes | None, results: bytes = b"\0\0") -> bytes:
    """Bind with one parameter, NULL distinct from empty."""
    given = b"\xff\xff\xff\xff" if value is None else struct.pack("!i", len(value)) + value
    return message(b"B", b"\0" + name.encode() + b"\0" + b"\0\0" + b"\0\1" + given + results)


def kinds(heard) -> bytes:
    return b"".join(kind for kind, _ in heard)


def code(heard) -> str:
    return next((parse_fields(body)["C"] for kind, body in heard if kind == b"E"), "")


@pytest.fixture
def wire(gate):
    made = Wire(gate)
    yield made
    made.close()


# version 3.2 ----------------------------------------------------------------------------------------------------
class Newest:
    """A client of protocol 3.2, logged in: no version is negotiated down, and its key has 32 bytes."""

    def __init__(self, gate):
        parameters = gate.parameters()
        self.socket = socket.create_connection((parameters["host"], parameters["port"]), timeout=20)
        pairs = b"user\0bot\0database\0clinic\0\0"
        self.socket.sendall(struct.pack("!iHH", len(pairs) + 8, 3, 2) + pairs)
        assert self.socket.recv(9) == b"R\0\0\0\x08\0\0\0\3", "a password, and no other version"
        self.socket.sendall(m.message("p", parameters["password"].encode() + b"\0"))
        answer = b""
        while not answer.endswith(b"Z\0\0\0\5I"):
            answer += self.socket.recv(65536)
        at = answer.index(b"K\0\0\0\x28")
        self.process_id, self.key = struct.unpack("!i", answer[at + 5 : at + 9])[0], answer[at + 9 : at + 41]


def cancelling(gate, process_id: int, key: bytes) -> None:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=5) as other:
        other.sendall(m.cancel_request(process_id, key))
        other.recv(1)


def test_a_client_of_protocol_3_2_logs_in_and_cancels_with_its_key_of_32_bytes(gate):
    client = Newest(gate)
    client.socket.sendall(query("SELECT pg_sleep(10)"))
    threading.Event().wait(0.3)
    cancelling(gate, client.process_id, client.key[:31] + bytes([client.key[31] ^ 1]))
    cancelling(gate, client.process_id, client.key[:4])
    client.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    client.socket.settimeout(10)
    cancelling(gate, client.process_id, client.key)
    answer = b""
    while not answer.endswith(b"Z\0\0\0\5I"):
        answer += client.socket.recv(65536)
    assert b"C57014\0" in answer
    client.socket.close()


# TLS ------------------------------------------------------------------------------------------------------------
class Spoken:
    """A peer that has sent a startup packet."""

    def __init__(self, data: bytes) -> None:
        self.data, self.said = data, b""

    async def read(self, size: int) -> bytes:
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def write(self, data: bytes) -> None:
        self.said += data


@pytest.mark.parametrize("address", ["10.2.0.7", "192.168.1.1", "2001:db8::7", "not an address"])
async def test_off_loopback_nobody_is_asked_for_a_password_without_tls(address):
    peer = Spoken(m.startup({"user": "bot", "database": "clinic"}))
    with pytest.raises(StartupRefused, match="TLS"):
        await read_startup(peer, None, address)
    assert peer.said == b""


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
async def test_on_loopback_and_unix_sockets_it_may_be_left_out(address):
    asked = await read_startup(Spoken(m.startup({"user": "bot", "database": "clinic"})), None, address)
    assert (asked.user, asked.connection) == ("bot", "clinic")


@pytest.mark.parametrize("listen", ["{postgres: 0.0.0.0:0}", "{console: 0.0.0.0:0}", "{postgres: '[::]:0'}"])
async def test_serve_does_not_listen_off_loopback_without_a_certificate(tmp_path, listen):
    (tmp_path / "lockgate.yaml").write_text(f"listen: {listen}\n")
    with pytest.raises(ConfigError, match="no certificate"):
        await start(load_config(tmp_path / "lockgate.yaml"))


# one portal, one grant ------------------------------------------------------------------------------------------
def test_a_held_portal_is_taken_up_again_under_one_grant(gate, wire):
    wire.say(query("BEGIN"))
    wire.hear(1)
    wire.say(parse("s", SEARCH) + bind("s", "p") + execute("p", 3) + SYNC)
    gate.vote(gate.wait_pending(), "rita")
    first = wire.hear(1)
    assert kinds(first).endswith(b"DDDsZ"), "three rows, and the portal is suspended"
    wire.say(execute("p", 3) + SYNC)
    assert kinds(wire.hear(1)) == b"DDDsZ"
    wire.say(execute("p", 3) + SYNC)
    assert kinds(wire.hear(1)) == b"DCZ"
    assert gate.pending() == [], "continuing it asked nobody"
    wire.say(query("SET lockgate.hold = 'fail'") + bind("s", "q") + execute("q") + SYNC)
    assert code(wire.hear(2)) == "LG001", "another portal is another action"


# what an approval binds to --------------------------------------------------------------------------------------
def test_null_empty_and_the_result_format_are_told_apart(gate, wire):
    wire.say(query("SET lockgate.hold = 'fail'") + parse("s", "SELECT id FROM patient WHERE ssn = $1") + SYNC)
    wire.hear(2)
    wire.say(bind_with("s", None) + execute() + SYNC)
    assert code(wire.hear(1)) == "LG001"
    gate.vote(gate.wait_pending(), "rita")
    for other in (bind_with("s", b""), bind_with("s", None, b"\0\1\0\1")):
        wire.say(other + execute() + SYNC)
        assert code(wire.hear(1)) == "LG001"
    assert len(gate.pending()) == 2
    wire.say(bind_with("s", None) + execute() + SYNC)
    assert kinds(wire.hear(1)).endswith(b"CZ")


# pipelines ------------------------------------------------------------------------------------------------------
def test_a_held_bind_in_a_pipeline_without_sync_runs_where_it_stands(gate, wire):
    wire.say(parse("a", "SELECT 1") + bind("a") + execute() + parse("s", SEARCH) + bind("s") + execute() + FLUSH)
    gate.vote(gate.wait_pending(), "rita")
    wire.say(parse("b", "SELECT 2") + bind("b") + execute() + SYNC)
    heard = kinds(wire.hear(1)).replace(b"N", b"")
    assert heard == b"12DC" + b"12" + b"D" * 7 + b"C" + b"12DC" + b"Z"


def test_a_held_bind_that_fails_takes_what_came_before_it_along(gate, wire, hospital):
    """An unsynced pipeline is a transaction: the write that was approved before is undone with it."""
    wire.say(parse("u", "UPDATE task SET done = NOT done WHERE id = 9") + bind("u") + execute() + FLUSH)
    gate.vote(gate.wait_pending(), "rita")
    wire.say(parse("d", "DROP TABLE task") + bind("d") + execute() + parse("x", "SELECT 1") + SYNC)
    heard = wire.hear(1)
    assert code(heard) == "LG002"
    assert kinds(heard).replace(b"N", b"").endswith(b"EZ"), "skipped to Sync"
    assert hospital.superuser("SELECT done FROM task WHERE id = 9").strip() == "f"


def test_a_batch_too_large_to_be_kept_is_decided_in_parts_and_still_undone_whole(gate, wire, hospital):
    """Above 16 MB what has come is decided before its Sync is there. It is one transaction all the same."""
    large = b"x" * (17 << 20)
    wire.say(parse("u", "UPDATE task SET done = (length($1::text) > 0) WHERE id = 8"))
    wire.say(bind_with("u", large) + execute())
    gate.vote(gate.wait_pending(tries=400), "rita")
    wire.say(parse("d", "DROP TABLE task") + bind("d") + execute() + SYNC)
    assert code(wire.hear(1)) == "LG002"
    assert hospital.superuser("SELECT done FROM task WHERE id = 8").strip() == "f"


# kinds of statements --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("strength", ["UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"])
def test_locking_rows_counts_as_writing_them(gate, strength):
    assert tried(gate, f"SELECT id FROM task WHERE id = 3 FOR {strength}") == "LG001"
    assert gate.pending()[0].operation == "sql.write"


@pytest.mark.parametrize("end", ["PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'"])
def test_two_phase_transactions_do_not_pass(gate, end):
    with gate.connect() as agent:
        agent.execute("BEGIN")
        with pytest.raises(psycopg.Error, match="two-phase") as refused:
            agent.execute(end)
        assert refused.value.sqlstate == "LG002"


def test_another_session_hears_of_a_notification_and_not_what_it_says(gate, hospital):
    with gate.connect() as one, gate.connect("alf") as other:
        one.execute("LISTEN news")
        other.execute("LISTEN news")
        hospital.superuser("NOTIFY news, 'Grace Abara, 911-11-1111'")
        for client in (one, other):
            client.execute("SELECT 1")
            heard = [(n.channel, n.payload) for n in client.notifies(timeout=2, stop_after=1)]
            assert heard == [("news", "")]
