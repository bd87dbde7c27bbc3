"""Statements of the gateway's own stand under names in the client's session: no client prepares or runs one of them."""

from __future__ import annotations

import pytest

from lockgate.gateways.postgres.resolve.insession import NAME as ASKS
from lockgate.gateways.postgres.session.own_transaction import NAME as LOCKS
from wire import SYNC, Wire, bind, execute, message, parse, query

HARMLESS = "SELECT name || '' AS x FROM ward WHERE id = 1"
SECRET = "SELECT name || '' AS x FROM patient"


@pytest.fixture
def wire(gate):
    made = Wire(gate)
    yield made
    made.close()


def run(wire, name):
    wire.say(bind(name) + execute() + SYNC)
    return b"".join(body for _, body in wire.hear(1))


def test_what_people_approved_once_is_not_kept_under_a_name(gate, hospital, wire):
    with hospital.direct() as direct:
        names = [row[0].encode() for row in direct.execute("SELECT name FROM patient").fetchall()]
    wire.say(parse(LOCKS, HARMLESS) + SYNC)
    wire.hear(1)
    run(wire, LOCKS)
    wire.say(query("SET lockgate.reveal = 'name'"))
    wire.hear(1)
    asked = gate.in_background(lambda: (wire.say(query(SECRET)), wire.hear(1))[1])
    gate.vote(gate.wait_pending(), "rita")
    shown = b"".join(body for _, body in asked.result())
    assert any(name in shown for name in names), "approved and shown once"
    wire.say(query("RESET lockgate.reveal"))
    wire.hear(1)
    again = run(wire, LOCKS)
    assert not [name for name in names if name in again]


@pytest.mark.parametrize("name", [LOCKS, ASKS, "lockgate_anything"])
@pytest.mark.parametrize(
    "made",
    [
        lambda name: parse(name, HARMLESS) + SYNC,
        lambda name: parse("", HARMLESS) + bind("", name) + SYNC,
        lambda name: message(b"C", b"S" + name.encode() + b"\0") + SYNC,
        lambda name: message(b"D", b"S" + name.encode() + b"\0") + SYNC,
        lambda name: query(f"PREPARE {name} AS {HARMLESS}"),
        lambda name: query(f'PREPARE U&"\\006cock{name[4:]}" AS {HARMLESS}'),
        lambda name: query(f"BEGIN; DECLARE {name} CURSOR FOR {HARMLESS}"),
    ],
    ids=["Parse", "Bind", "Close", "Describe", "PREPARE", "PREPARE escaped", "DECLARE"],
)
def test_no_name_of_the_gateways_can_be_given(wire, made, name):
    wire.say(made(name))
    heard = wire.hear(1)
    assert b"Lockgate's own" in b"".join(body for kind, body in heard if kind == b"E")
    assert heard[-1] == (b"Z", b"I")
