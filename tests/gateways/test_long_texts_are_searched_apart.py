"""Rows with free text are searched in a thread where they are many or long; what comes out is the same, in order."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.gateways.postgres.answers import Answers, Kind, Part, Step
from lockgate.gateways.postgres.answers.walk import SEARCHED_AT_ONCE_BYTES
from lockgate.gateways.postgres.masking.treatment import Masked, Treatment
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import Field
from lockgate.phi import redact_text

FIELDS = (Field("id", 1, 1, 23), Field("body", 1, 2, 25))
NOTE = "Mrs. Rosa Petrov called from (555) 555-0110 about her blood pressure. "


def description() -> bytes:
    body = struct.pack("!H", len(FIELDS))
    for field in FIELDS:
        body += field.name.encode() + b"\0" + struct.pack("!IhIhih", 1, field.attnum, field.type_oid, -1, -1, 0)
    return m.message("T", body)


def row(number: int, text: str) -> bytes:
    values = (str(number).encode(), text.encode())
    return m.message("D", struct.pack("!H", 2) + b"".join(struct.pack("!I", len(v)) + v for v in values))


def conversation(texts: list[str]) -> bytes:
    rows = b"".join(row(number, text) for number, text in enumerate(texts))
    return description() + rows + m.message("C", b"SELECT\0") + m.ready_for_query(ord("I"))


def session(out: bytearray) -> Answers:
    treatment = Treatment(FIELDS, (Masked(1, "body", "text", "", "detect"),), b"k" * 16)
    answers = Answers(out.extend, lambda status: None, lambda name, value: None, lambda treatment: b"")
    answers.push(Step(Kind.QUERY, [Part(treatment=treatment)]))
    return answers


texts = st.lists(st.sampled_from(["", "Lungs clear.", NOTE, NOTE * 20, NOTE * 400]), max_size=30)


@given(texts, st.data())
@settings(max_examples=60, deadline=None)
def test_however_the_answer_is_cut_the_client_gets_it_whole_masked_and_in_order(texts, data):
    whole = conversation(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    out = bytearray()
    answers = session(out)
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        answers.feed(whole[start:end])
        while answers.apart is not None and data.draw(st.booleans()):
            answers.resume(answers.apart())
    while answers.apart is not None:
        answers.resume(answers.apart())
    assert bytes(out) == conversation([redact_text(text) for text in texts])
    assert not answers.expected


def test_nothing_of_a_long_text_leaves_before_it_was_searched():
    out = bytearray()
    answers = session(out)
    answers.feed(conversation([NOTE * (2 * SEARCHED_AT_ONCE_BYTES // len(NOTE))]))
    assert bytes(out) == description()
    assert answers.apart is not None
    answers.feed(m.notice("NOTICE", "00000", "later"))
    assert bytes(out) == description()


def test_rows_that_were_searched_for_a_server_that_is_gone_are_dropped():
    out = bytearray()
    answers = session(out)
    answers.feed(conversation([NOTE * 1000]))
    work = answers.apart
    answers.lost()
    assert work is not None
    answers.resume(work())
    assert bytes(out) == description()


def test_long_notes_come_through_the_gateway_as_the_detector_leaves_them(hospital, gate):
    hospital.superuser(
        "INSERT INTO note (id, encounter_id, written, body) SELECT 1000000 + i, (SELECT min(id) FROM encounter), now(),"
        f" repeat('{NOTE}', i * i * 150) FROM generate_series(1, 8) i"
    )
    try:
        with gate.connect() as agent:
            shown = agent.execute("SELECT body FROM note WHERE id > 1000000 ORDER BY id").fetchall()
            again = agent.execute("SELECT body FROM note WHERE id > 1000000 ORDER BY id", binary=True).fetchall()
            assert agent.execute("SELECT 1").fetchone() == (1,)
    finally:
        hospital.superuser("DELETE FROM note WHERE id > 1000000")
    assert shown == again == [(redact_text(NOTE) * (i * i * 150),) for i in range(1, 9)]
