"""Conversations to mutate: every message that a client may send, and seeded ways to spoil any conversation."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from lockgate.gateways.postgres.wire import messages as m

STATEMENTS = [
    b"SELECT ssn, name FROM patient WHERE id = $1",
    b"SELECT p.*, p::text FROM patient p LIMIT 3",
    b"SELECT reverse(ssn), to_jsonb(p) FROM patient p",
    b"SELECT count(*) FROM patient GROUP BY city",
    b"COPY patient TO STDOUT",
    b"COPY (SELECT ssn FROM patient) TO STDOUT (FORMAT csv, HEADER)",
    b"COPY task (title) FROM STDIN",
    b"BEGIN; SELECT 1",
    b"ROLLBACK",
    b"DECLARE c CURSOR FOR SELECT name FROM patient",
    b"FETCH 2 FROM c",
    b"PREPARE q AS SELECT ssn FROM patient",
    b"EXECUTE q",
    b"SELECT ssn::int FROM patient",
    b"EXPLAIN (ANALYZE, VERBOSE) SELECT ssn FROM patient",
    b"SET search_path TO public",
    b"SHOW lockgate.requests",
    b"SELECT 1/0",
    b"SAVEPOINT a",
    b"LISTEN x",
    b"UPDATE task SET done = true WHERE title = 'nobody'",
    b"CREATE TEMP TABLE t AS SELECT ssn FROM patient",
    b"DISCARD ALL",
    b"",
]
NAMES = ["", "s", "t"]


def client_message(rng: random.Random) -> bytes:
    """One whole message of a client, of any type."""
    name, portal, sql = rng.choice(NAMES), rng.choice(NAMES), rng.choice(STATEMENTS)
    return rng.choice(
        [
            lambda: m.query(sql),
            lambda: m.parse(name, sql, rng.choice([(), (23,), (25, 0)])),
            lambda: m.bind(portal, name, rng.choice([(), (0,), (1,)]), rng.choice([[], [b"1"], [None]]), (0,)),
            lambda: m.describe(rng.choice([b"S", b"P"]), name),
            lambda: m.execute(portal, rng.choice([0, 1])),
            lambda: m.close(rng.choice([b"S", b"P"]), name),
            m.sync,
            lambda: m.message("H"),
            lambda: m.message("F", struct.pack("!IHHH", 1, 0, 0, 0)),
            lambda: m.message("d", b"Task\n"),
            lambda: m.message("c"),
            lambda: m.message("f", b"no\0"),
            lambda: m.message("p", b"password\0"),
            m.terminate,
        ]
    )()


def conversation(rng: random.Random) -> list[bytes]:
    """A few messages, more often in an order that makes sense."""
    if rng.random() < 0.5:
        sql, name = rng.choice(STATEMENTS), rng.choice(NAMES)
        values = [b"1"] if b"$1" in sql else []
        return [
            m.parse(name, sql, ()),
            m.bind("", name, (), values, rng.choice([(), (1,)])),
            m.describe(b"P", ""),
            m.execute("", rng.choice([0, 2])),
            m.sync(),
        ]
    return [client_message(rng) for _ in range(rng.randrange(1, 6))]


def spoiled(rng: random.Random, messages: Sequence[bytes], *, lengths: bool) -> list[bytes]:
    """Some messages changed: bytes flipped, cut, doubled, swapped. `lengths` False keeps each length true."""
    out = list(messages)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(out))
        data = bytearray(out[place] or b"\0")
        way = rng.randrange(6)
        if way == 0:
            data[rng.randrange(len(data))] = rng.randrange(256)
        elif way == 1:
            del data[rng.randrange(len(data)) :]
        elif way == 2:
            at = rng.randrange(len(data))
            data[at:at] = rng.randbytes(rng.randrange(9))
        elif way == 3:
            at = rng.randrange(len(data))
            data[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\4"])
        elif way == 4:
            out.insert(place, bytes(data))
        else:
            other = rng.randrange(len(out))
            out[place], out[other] = out[other], out[place]
            continue
        out[place] = bytes(data) if lengths else framed(data)
    return out


def framed(data: bytes | bytearray) -> bytes:
    """The same type and body under a length that is true."""
    body = bytes(data[5:])
    return bytes(data[:1] or b"S") + struct.pack("!I", len(body) + 4) + body


def in_chunks(rng: random.Random, data: bytes) -> list[bytes]:
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(3)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
