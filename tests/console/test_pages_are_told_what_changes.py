"""The stream of changes: it names requests, says nothing of them, and is no way to stay logged in."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from starlette.requests import ClientDisconnect

from listening import Stream
from lockgate.server.console import live
from lockgate.server.console.guard import Visitor
from support import PASSWORD


def watchers(console):
    return len(console.gate.assembly.approvals._bell._watchers)


def wait_for(condition, what):
    for _ in range(200):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError(what)


def test_it_tells_of_a_new_request_and_of_a_decision(console):
    rita, ana = Stream(console.browser("rita")), Stream(console.browser("ana"))
    running, request = console.ask()
    for stream in (rita, ana):
        assert stream.until(request.id)[-1] == ("changed", request.id)
    time.sleep(2 * live.GATHER_S)
    while not ana.told.empty():
        ana.told.get()
    console.gate.vote(request, "rita")
    assert running.result() == 1
    assert ana.until(request.id)[-1] == ("changed", request.id)
    for stream in (rita, ana):
        stream.close()


def test_it_says_nothing_but_ids_of_requests(console):
    stream = Stream(console.browser("rita"))
    running, request = console.ask()
    stream.until(request.id)
    gate = console.gate
    gate.vote(request, "rita", approve=False)
    with pytest.raises(psycopg.Error, match="denied"):
        running.result()
    gate.call(gate.assembly.accounts.create_user("new-one", PASSWORD, by="local:root"))
    gate.call(gate.assembly.accounts.deactivate("local:alf", by="local:root"))
    told = [stream.next()]
    while told[-1][0] != "over":
        told.append(stream.next())
    assert {data for event, data in told if event == "changed"} <= {request.id, "*"}


def test_when_accounts_change_it_ends_and_whoever_may_comes_again(console):
    gate = console.gate
    paul, rita = console.browser("paul"), console.browser("rita")
    first, second = Stream(paul), Stream(rita)
    gate.call(gate.assembly.accounts.deactivate("local:paul", by="local:root"))
    for stream in (first, second):
        assert stream.next() == ("changed", "*")
        assert stream.next() == ("over", "")
    assert paul.get("/console/live").status_code == 401
    Stream(rita).close()


def test_nobody_without_a_session_is_told_anything(console):
    stranger = console.browser()
    answer = stranger.get("/console/live")
    assert answer.status_code == 401
    assert "text/event-stream" not in answer.headers["content-type"]


def test_whoever_hangs_up_is_forgotten(console, monkeypatch):
    monkeypatch.setattr(live, "BEAT_S", 0.2)
    streams = [Stream(console.browser("rita")) for _ in range(3)]
    assert watchers(console) == 3
    for stream in streams:
        stream._answer.close()
        stream.close()
    wait_for(lambda: watchers(console) == 0, "somebody is remembered who is gone")


def test_a_stream_ends_by_itself(console, monkeypatch):
    monkeypatch.setattr(live, "LASTS_S", 0.5)
    stream = Stream(console.browser("rita"))
    assert stream.next() == ("over", "")
    wait_for(lambda: watchers(console) == 0, "it is still watched")


def test_only_so_many_at_once(console, monkeypatch):
    monkeypatch.setattr(live, "MOST_STREAMS", 2)
    monkeypatch.setattr(live, "MOST_EACH", 1)
    rita = Stream(console.browser("rita"))
    assert console.browser("rita").get("/console/live").status_code == 204, "as many as one person may have"
    paul = Stream(console.browser("paul"))
    assert console.browser("dora").get("/console/live").status_code == 204
    rita.close()
    paul.close()


def test_a_server_that_stops_does_not_wait_for_those_who_watch(console):
    stream = Stream(console.browser("rita"))
    console.gate.loop.call_soon_threadsafe(console.gate.assembly.approvals.end_watches)
    assert stream.next() == ("over", "")


def test_many_changes_at_once_are_told_together(console):
    stream = Stream(console.browser("rita"))
    bell = console.gate.assembly.approvals._bell
    names = [f"req_{number:020x}" for number in range(500)]

    def ring():
        for name in names[:50]:
            bell.ring(name)

    console.gate.loop.call_soon_threadsafe(ring)
    event, data = stream.next()
    assert (event, data.split(" ")) == ("changed", names[:50])
    console.gate.loop.call_soon_threadsafe(lambda: [bell.ring(name) for name in names])
    assert stream.next() == ("changed", "*"), "of more than a page could hold it says that something changed"
    stream.close()


def test_a_browser_that_hangs_up_before_the_first_word_keeps_no_place(console):
    """Twenty of those, and this person's pages would be told nothing until the server begins anew."""
    gate = console.gate
    rita = next(person for person in gate.call(gate.assembly.accounts.everybody()) if person.id == "local:rita")

    async def hung_up(_message=None):
        raise OSError

    async def go():
        for _ in range(live.MOST_EACH + 1):
            answer = await live.stream(None, Visitor(rita, ""), gate.assembly)
            assert answer.status_code == 200, "the places of this person are taken"
            with pytest.raises((OSError, ClientDisconnect)):
                await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, hung_up, hung_up)

    gate.call(go())
    assert watchers(console) == 0
