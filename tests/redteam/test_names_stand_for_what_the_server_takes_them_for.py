"""The gateway's record of portals, cursors and prepared statements is the server's own: a name that the gateway takes
for a harmless one must not be the server's name of another. Both questions describe their rows alike."""

from __future__ import annotations

import contextlib
import struct

import pytest

from support import start_gate, stop_gate
from wire import SYNC, Wire, bind, execute, message, parse, query

HARMLESS = "SELECT name || '' AS x FROM ward WHERE id = 1"
SECRET = "SELECT name || '' AS x FROM patient"
FLUSH = message(b"H")
LONG = "n" * 63


def close(what: bytes, name: str) -> bytes:
    return message(b"C", what + name.encode() + b"\0")


def bind_wrongly(name: str, portal: str = "") -> bytes:
    """One parameter for a statement that has none: the server refuses before it looks at the portal."""
    value = struct.pack("!hhi", 0, 1, 1) + b"x" + struct.pack("!h", 0)
    return message(b"B", portal.encode() + b"\0" + name.encode() + b"\0" + value)


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("redteam"), "ai-agents")
    yield started
    stop_gate(started)


@pytest.fixture(scope="module")
def names(hospital):
    with hospital.direct() as direct:
        return [row[0].encode() for row in direct.execute("SELECT name FROM patient").fetchall()]


PREPARED = parse("h", HARMLESS) + parse("s", SECRET) + bind("h") + execute() + bind("s") + execute("", 1) + SYNC
"""Both have been described by the server, so that nothing more of them is looked at."""

WAYS = {
    "a portal bound over another": [
        query("BEGIN"),
        bind("s", "p") + SYNC,
        query("SAVEPOINT a"),
        bind("h", "p") + SYNC,
        query("ROLLBACK TO a"),
        execute("p") + SYNC,
    ],
    "a portal bound over a cursor": [
        query("BEGIN"),
        query(f"DECLARE c CURSOR FOR {SECRET}"),
        query("SAVEPOINT a"),
        bind("h", "c") + SYNC,
        query("ROLLBACK TO a"),
        execute("c") + SYNC,
    ],
    "a cursor declared over a portal": [
        query("BEGIN"),
        bind("s", "c") + SYNC,
        query("SAVEPOINT a"),
        query(f"DECLARE c CURSOR FOR {HARMLESS}"),
        query("ROLLBACK TO a"),
        query("FETCH ALL FROM c"),
        execute("c") + SYNC,
    ],
    "a portal closed by SQL, its name declared": [
        query("BEGIN"),
        bind("h", "c") + SYNC,
        query("CLOSE c"),
        query(f"DECLARE c CURSOR FOR {SECRET}"),
        execute("c") + SYNC,
    ],
    "two cursors of one name in one string": [
        query("BEGIN"),
        query(f"DECLARE c CURSOR FOR {SECRET}; SAVEPOINT a; DECLARE c CURSOR FOR {HARMLESS}"),
        query("ROLLBACK TO a"),
        query("FETCH ALL FROM c"),
        execute("c") + SYNC,
    ],
    "a Close that the server skips": [
        query("BEGIN"),
        bind("s", "p") + SYNC,
        query("SAVEPOINT a"),
        bind_wrongly("h", "q") + close(b"P", "p") + SYNC,
        query("ROLLBACK TO a"),
        query("SAVEPOINT b"),
        bind("h", "p") + SYNC,
        query("ROLLBACK TO b"),
        execute("p") + SYNC,
    ],
    "the unnamed portal, bound anew in vain": [
        query("BEGIN"),
        parse("r", "ROLLBACK TO a") + parse("a", "SAVEPOINT a") + bind("a") + execute() + SYNC,
        bind("s") + SYNC,
        bind_wrongly("h") + SYNC,
        bind("r", "r") + execute("r") + SYNC,
        execute() + SYNC,
    ],
    "names that differ behind the 63rd byte": [
        parse(LONG + "x", HARMLESS) + bind(LONG + "x") + execute() + SYNC,
        close(b"S", LONG + "y") + parse(LONG + "y", SECRET) + SYNC,
        bind(LONG + "x") + execute() + SYNC,
        bind(LONG + "y") + execute() + SYNC,
    ],
    "portals that differ behind the 63rd byte": [
        query("BEGIN"),
        bind("h", LONG + "x") + SYNC,
        close(b"P", LONG + "y") + bind("s", LONG + "y") + SYNC,
        execute(LONG + "x") + SYNC,
    ],
    "a FETCH bound before its cursor became another": [
        query("BEGIN"),
        query(f"DECLARE c CURSOR FOR {HARMLESS}"),
        parse("f", "FETCH ALL FROM c") + bind("f", "f") + SYNC,
        query("CLOSE c"),
        query(f"DECLARE c CURSOR FOR {SECRET}"),
        execute("f") + SYNC,
    ],
    "an EXECUTE bound before its statement became another": [
        query(f"PREPARE q AS {HARMLESS}"),
        query("BEGIN"),
        parse("e", "EXECUTE q") + bind("e", "e") + SYNC,
        query("DEALLOCATE q"),
        query(f"PREPARE q AS {SECRET}"),
        execute("e") + SYNC,
    ],
    "a fast query behind an error without Sync": [
        query(HARMLESS),
        query(HARMLESS),
        parse("", "SELECT 1 FROM nowhere") + FLUSH,
        query(HARMLESS) + query(HARMLESS),
        SYNC,
        query(SECRET),
    ],
    "a fast run behind an error without Sync": [
        bind("h") + execute() + SYNC,
        bind("h") + execute() + SYNC,
        bind_wrongly("h") + FLUSH,
        query(HARMLESS),
        bind("h") + execute() + SYNC,
        query(SECRET),
        query(SECRET),
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_shown_under_another_name(gate, names, way):
    wire = Wire(gate)
    wire.socket.settimeout(1.0)
    heard = []
    for packet in [PREPARED, *WAYS[way]]:
        with contextlib.suppress(TimeoutError, OSError):
            wire.say(packet)
            if packet[-5:] != FLUSH:
                heard += wire.hear(1)
    with contextlib.suppress(TimeoutError, OSError):
        heard += wire.hear(9)
    wire.close()
    text = b"".join(body for _, body in heard)
    assert not [name for name in names if name in text]


def test_a_portal_is_bound_again_once_it_is_closed(gate):
    wire = Wire(gate)
    wire.say(query("BEGIN"))
    wire.hear(1)
    wire.say(parse("h", HARMLESS) + bind("h", "p") + execute("p") + SYNC)
    assert (b"C", b"SELECT 1\0") in wire.hear(1)
    wire.say(close(b"P", "p") + bind("h", "p") + execute("p") + SYNC)
    assert (b"C", b"SELECT 1\0") in wire.hear(1)
    wire.close()
