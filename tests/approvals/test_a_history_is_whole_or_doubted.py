"""A request's state is the sum of its events; a history that is not one whole line of them is doubted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.action import canonical, parse_canonical
from lockgate.approvals import Refusal, Request, events, history, step
from lockgate.approvals.codec import event_body, event_of
from lockgate.approvals.history import Doubt, Past
from stories import ONE, ballots, happenings, proposed, quorums, stories

ROW = "r" * 64


def told(asked, story) -> tuple[Request, list[bytes]]:
    """The request after a story, and the records of what was taken."""
    request = proposed(asked)
    bodies = [history.proposal(request, row=ROW, log_size=7)]
    now_at = 0
    for event, passed_s in [(events.Submitted(True), 0), *story]:
        now_at = max(now_at + passed_s * 1_000_000, request.last_at)
        after = step(request, event, now_at)
        if isinstance(after, Refusal) or after == request:
            continue
        request = after
        before = history.hash_of(bodies[-1])
        bodies.append(history.record(request.id, len(bodies) + 1, now_at, before, ROW, event))
    return request, bodies


@given(happenings)
def test_an_event_is_read_as_it_was_written(event):
    assert event_of(parse_canonical(canonical(event_body(event)))) == event


@given(ballots())
def test_a_ballot_keeps_every_word(ballot):
    assert event_of(event_body(events.Voted(ballot))) == events.Voted(ballot)


@settings(max_examples=150, deadline=None)
@given(quorums, stories)
def test_the_events_add_up_to_the_state(asked, story):
    request, bodies = told(asked, story)
    past = history.rebuild(request.id, bodies)
    assert isinstance(past, Past)
    assert past.request == request
    assert (past.row, past.log_size, len(past.hashes)) == (ROW, 7, len(bodies))


@settings(max_examples=150, deadline=None)
@given(quorums, stories, st.data())
def test_a_record_taken_out_put_twice_or_moved_is_found(asked, story, data):
    request, bodies = told(asked, story)
    place = data.draw(st.integers(0, len(bodies) - 2), label="place")
    out = [*bodies[:place], *bodies[place + 1 :]]
    twice = [*bodies[: place + 1], *bodies[place:]]
    swapped = [*bodies[:place], bodies[place + 1], bodies[place], *bodies[place + 2 :]]
    for changed in (out, twice, swapped):
        assert isinstance(history.rebuild(request.id, changed), Doubt)


@settings(max_examples=100, deadline=None)
@given(quorums, stories, st.data())
def test_a_changed_byte_changes_the_line(asked, story, data):
    """A record that still reads as one has another hash: whatever follows it no longer follows."""
    request, bodies = told(asked, story)
    place = data.draw(st.integers(0, len(bodies) - 2), label="place")
    at = data.draw(st.integers(0, len(bodies[place]) - 1), label="byte")
    changed = bytearray(bodies[place])
    changed[at] ^= data.draw(st.integers(1, 255), label="by")
    assert isinstance(history.rebuild(request.id, [*bodies[:place], bytes(changed), *bodies[place + 1 :]]), Doubt)


@pytest.mark.parametrize("bodies", [[], [b""], [b"{}"], [b"null"], [b"[1]"], [b"\xff"]])
def test_what_is_no_history_is_doubted(bodies):
    assert isinstance(history.rebuild("req-1", bodies), Doubt)


def test_another_requests_history_is_not_this_ones():
    _, bodies = told((ONE,), [])
    assert isinstance(history.rebuild("req-2", bodies), Doubt)


def test_a_history_begins_with_a_proposal():
    """A state that is approved from the start is nobody's decision."""
    request, _ = told((ONE,), [])
    assert isinstance(history.rebuild(request.id, [history.proposal(request, row=ROW, log_size=0)]), Doubt)
