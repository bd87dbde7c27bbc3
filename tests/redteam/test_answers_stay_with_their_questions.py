"""Bytes in an order that no driver sends: an answer is never taken for that of another question, whose rows were
harmless. Both questions describe their rows alike, so that only the order tells them apart."""

from __future__ import annotations

import contextlib

import pytest

from wire import SYNC, Wire, bind, execute, message, parse, query

HARMLESS = "SELECT name || '' AS x FROM ward WHERE id = 1"
SECRET = "SELECT name || '' AS x FROM patient"
COPY = "COPY scratch FROM STDIN"


@pytest.fixture
def names(hospital):
    with hospital.direct() as direct:
        return [row[0].encode() for row in direct.execute("SELECT name FROM patient").fetchall()]


@pytest.fixture
def wire(gate):
    made = Wire(gate)
    made.say(query("CREATE TEMP TABLE scratch (a int)"))
    made.hear(1)
    yield made
    made.close()


def leaks(heard, names):
    text = b"".join(body for _, body in heard)
    return [name for name in names if name in text]


def test_the_questions_look_alike(gate, names):
    with gate.connect() as client:
        described = [client.execute(sql).description[0] for sql in (HARMLESS, SECRET)]
        assert (described[0].name, described[0].type_code) == (described[1].name, described[1].type_code)
        assert not leaks([(b"D", client.execute(SECRET).fetchone()[0].encode())], names)


ORDERS = {
    "queries during COPY": [query(COPY), query(HARMLESS), query(SECRET)],
    "queries behind COPY in one packet": [query(COPY) + query(HARMLESS) + query(SECRET)],
    "rows, queries, end": [
        query(COPY) + message(b"d", b"1\n") + query(HARMLESS) + query(SECRET) + message(b"c") + query(SECRET)
    ],
    "ended twice": [query(COPY) + message(b"c") + message(b"c") + query(HARMLESS) + query(SECRET)],
    "failed, then ended": [query(COPY) + message(b"f", b"no\0") + message(b"c") + query(HARMLESS) + query(SECRET)],
    "a row that is none": [query(COPY) + message(b"d", b"x\n") + query(HARMLESS) + query(SECRET)],
    "extended COPY, syncs, queries": [
        parse("", COPY) + bind("") + execute() + SYNC + SYNC,
        query(HARMLESS) + query(SECRET),
    ],
    "extended COPY and a pipeline behind it": [
        parse("", COPY) + bind("") + execute() + parse("h", HARMLESS) + bind("h") + execute() + SYNC,
        parse("s", SECRET) + bind("s") + execute() + SYNC,
    ],
    "extended COPY, flush, queries": [
        parse("", COPY) + bind("") + execute() + message(b"H"),
        parse("h", HARMLESS) + bind("h") + execute() + SYNC + parse("s", SECRET) + bind("s") + execute() + SYNC,
    ],
    "an error, then both": [query("SELECT 1/0") + query(HARMLESS) + query(SECRET)],
    "an empty query between": [query("") + query(HARMLESS) + query(";") + query(SECRET)],
    "portals of one name": [
        parse("h", HARMLESS) + parse("s", SECRET) + bind("h", "p") + bind("s", "p") + execute("p") + SYNC,
        bind("h") + bind("s") + execute() + SYNC,
    ],
    "a statement's name twice": [
        parse("n", HARMLESS) + SYNC,
        parse("n", SECRET) + bind("n") + execute() + SYNC,
        message(b"C", b"Sn\0") + parse("n", SECRET) + bind("n") + execute() + SYNC,
    ],
    "suspended, then another": [
        parse("s", SECRET) + bind("s", "a") + execute("a", 1) + bind("h", "b") + execute("a", 1) + SYNC,
        parse("h", HARMLESS) + SYNC,
    ],
}


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "on the fast path"])
@pytest.mark.parametrize("order", ORDERS)
def test_rows_are_judged_by_their_own_question(gate, wire, names, order, warm):
    if warm:
        wire.close()
        wire = Wire(gate)
        for _ in range(2):
            wire.say(query(HARMLESS))
            assert len(wire.hear(1)) > 2
    wire.socket.settimeout(1.0)
    heard = []
    for packet in ORDERS[order]:
        try:
            wire.say(packet)
            heard += wire.hear(1)
        except (TimeoutError, OSError):
            pass
    with contextlib.suppress(TimeoutError, OSError):
        heard += wire.hear(9)
    assert not leaks(heard, names)


def test_copy_in_the_extended_protocol_works(gate, hospital):
    wire = Wire(gate)
    wire.say(query("CREATE TEMP TABLE scratch (a int)"))
    wire.hear(1)
    wire.say(parse("", COPY) + bind("") + execute() + SYNC)
    wire.say(message(b"d", b"1\n2\n") + message(b"c") + SYNC)
    heard = wire.hear(1)
    assert (b"C", b"COPY 2\0") in heard
    wire.say(query("SELECT count(*) FROM scratch"))
    assert (b"D", b"\x00\x01\x00\x00\x00\x012") in wire.hear(1)
    wire.close()
