"""Mutated conversations through framing, parsing and masking, without sockets: thousands a second.

The short run is part of `make test`; `make fuzz RUNS=1000000 SEED=7` is the long one. What fails names its seed and
number, and runs again by them.
"""

from __future__ import annotations

import asyncio
import random
import resource
import struct

import pytest
from conversations import conversation, in_chunks, spoiled

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.answers import Answers, Kind, Part, Step
from lockgate.gateways.postgres.classify import ParseError, classify, parse
from lockgate.gateways.postgres.masking.treatment import Masked, Treatment, unproven
from lockgate.gateways.postgres.session.inbox import KNOWN, TOO_LONG, Inbox
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import Field, parse_bind, parse_execute, parse_parse

SHORT = 20_000
CANARY = b"078-05-1120"
FIELDS = (Field("id", 1, 1, 23), Field("ssn", 1, 2, 25))
MOST_GROWTH_KB = 200 * 1024
ROW = struct.pack("!HI", 2, 1) + b"7" + struct.pack("!I", len(CANARY)) + CANARY


def described() -> bytes:
    body = struct.pack("!H", 2)
    for field in FIELDS:
        body += (
            field.name.encode()
            + b"\0"
            + struct.pack("!IhIhih", field.table_oid, field.attnum, field.type_oid, -1, -1, 0)
        )
    return m.message("T", body)


def answer(rng: random.Random) -> list[bytes]:
    """What a server says to one statement whose columns are masked."""
    error = m.error("ERROR", "22P02", f"invalid input syntax for type integer: {CANARY.decode()}")
    return rng.choice(
        [
            [
                described(),
                m.message("D", ROW),
                m.message("D", ROW),
                m.message("C", b"SELECT 2\0"),
                m.ready_for_query(73),
            ],
            [described(), m.message("D", ROW), error, m.ready_for_query(69)],
            [
                m.message("H", b"\0\0\2\0\0\0\0"),
                m.message("d", b"7\t" + CANARY + b"\n"),
                m.message("c"),
                m.ready_for_query(73),
            ],
            [m.notice("NOTICE", "00000", CANARY.decode()), error, m.ready_for_query(84)],
            [m.parameter_status("search_path", "public"), m.message("2"), m.message("n")],
        ]
    )


def steps(rng: random.Random) -> list[Step]:
    # Both columns: a length that was changed moves what is in one of them into the other.
    columns = (Masked(0, "id", "account", "", "token"), Masked(1, "ssn", "ssn", "", "token"))
    masked = Treatment(FIELDS, columns, b"k" * 16)
    part = Part(treatment=rng.choice([masked, unproven(b"k" * 16)]), clear_errors=False)
    if rng.random() < 0.5:
        return [Step(Kind.QUERY, [part])]
    # An error of Parse is about the client's own words, and may be read: it is none of these.
    bound = [Step(Kind.BIND, [part]), Step(Kind.DESCRIBE_PORTAL, [part]), Step(Kind.EXECUTE, [part])]
    return [*bound, Step(Kind.SYNC, [part])]


async def client_side(rng: random.Random, seen: set[int]) -> None:
    inbox = Inbox(lambda on: None)
    try:
        for chunk in in_chunks(rng, b"".join(spoiled(rng, conversation(rng), lengths=rng.random() < 0.5))):
            inbox.feed(chunk)
    except ProtocolError:
        pass
    inbox.close()
    while (batch := await inbox.batch()) is not None:
        for kind, raw in batch:
            seen.add(kind)
            if raw is not TOO_LONG:
                understood(kind, raw)


READERS = {ord("P"): parse_parse, ord("B"): parse_bind, ord("E"): parse_execute}


def understood(kind: int, raw: bytes) -> None:
    """A message as the session takes it apart."""
    try:
        read = READERS[kind](raw[5:]) if kind in READERS else None
        if kind in b"QP":
            for statement in parse(raw[5:-1] if kind == ord("Q") else read[1]):
                classify(statement)
    except (ProtocolError, ParseError):
        pass


def server_side(rng: random.Random) -> bytes:
    out = bytearray()
    answers = Answers(out.extend, lambda status: None, lambda name, value: None, lambda treatment: b"")
    for step in steps(rng):
        answers.push(step)
    try:
        for chunk in in_chunks(rng, b"".join(spoiled(rng, answer(rng), lengths=rng.random() < 0.5))):
            answers.feed(chunk)
    except (ProtocolError, ValueError, LookupError):
        pass  # the session is cut, and nothing of the chunk has passed
    return bytes(out)


@pytest.mark.timeout(0)
async def test_nothing_crashes_leaks_or_grows(pytestconfig):
    seed, runs = pytestconfig.getoption("--seed"), pytestconfig.getoption("--runs") or SHORT
    seen: set[int] = set()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(runs):
        rng = random.Random(f"{seed}/{number}")
        try:
            await client_side(rng, seen)
            assert CANARY not in server_side(rng)
        except BaseException as error:
            error.add_note(f"--seed {seed}, conversation {number}")
            raise
        if number % 1000 == 0:
            await asyncio.sleep(0)
    assert seen >= KNOWN, "every type of message has been tried"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KB


@pytest.mark.parametrize("conversation", ["20/477461"])
async def test_what_was_found_once_is_not_found_again(conversation):
    """20/477461: a row within a description of columns, which is passed on."""
    rng = random.Random(conversation)
    await client_side(rng, set())
    assert CANARY not in server_side(rng)
