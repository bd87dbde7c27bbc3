"""Mutated conversations with the real gateway over the real PostgreSQL: no crash, no hang, no value of a patient.

Each conversation has a connection of its own. Where the gateway waits for the rest of a message that was cut, the
client goes away, and then the gateway must hang up. `make fuzz` runs more of them, by `--runs`.
"""

from __future__ import annotations

import random
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from conversations import conversation, spoiled

from lockgate.gateways.postgres.wire import messages as m

SHORT = 150
MOST = 20_000
"""However long the run: a connection a conversation costs a hundred times what the parsers cost."""
SILENCE_S, PATIENCE_S = 1, 60
END, END_SAID = b"SELECT 'that' || ' is all'", b"that is all"


def spoken(gate, token: str, rng: random.Random) -> bytes:
    """Everything that the gateway says to one spoiled conversation, until it hangs up."""
    said = b"".join(spoiled(rng, conversation(rng), lengths=rng.random() < 0.4))
    with socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE_S) as client:
        client.sendall(m.startup({"user": "bot", "database": "clinic", "options": "-c lockgate.hold=fail"}))
        client.sendall(m.message("p", token.encode() + b"\0") + said + m.sync() + m.query(END))
        client.settimeout(SILENCE_S)
        out = b""
        while END_SAID not in out and (piece := heard(client)):
            out += piece
    return out


def heard(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except TimeoutError:
        client.shutdown(socket.SHUT_WR)
        client.settimeout(PATIENCE_S)
        return heard(client)
    except ConnectionError:
        return b""


@pytest.mark.timeout(0)
def test_nothing_crashes_hangs_or_leaks(gate, hospital, pytestconfig):
    seed, runs = pytestconfig.getoption("--seed"), min(pytestconfig.getoption("--runs") or SHORT, MOST)
    with hospital.direct() as direct:
        secrets = {row[0].encode() for row in direct.execute("SELECT ssn FROM patient UNION SELECT name FROM patient")}
    token = gate.token()
    answered = 0

    def one(number: int) -> bool:
        out = spoken(gate, token, random.Random(f"{seed}/{number}"))
        leaked = [secret for secret in secrets if secret in out]
        assert not leaked, f"--seed {seed}, conversation {number}"
        assert b"Lockgate failed" not in out, f"--seed {seed}, conversation {number}"
        return b"Z" in out

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(one, range(runs)))
    assert answered > runs // 2, "most got past the login"
    with gate.connect() as agent:
        assert agent.execute("SELECT count(*) FROM patient").fetchone() == (300,)
