"""An inbox of ten thousand requests stays quick, and its pages hold each request once, the newest first."""

from __future__ import annotations

import json
import re
import time

import psycopg
import pytest
from sqlalchemy import delete, insert, select, update

from browsing import text_of
from lockgate.action import canonical
from lockgate.store.tables import approvals as t

MANY = 10_000
ITEM = re.compile(r'<a href="/console/requests/((?:req|glass)_[0-9a-f]+)"')
NEXT = re.compile(r'href="([^"]+)" rel="next"')


@pytest.fixture
def one(console):
    """One that was really asked; of which `crowd` makes many that nobody decides, they are looked at alone."""
    running, request = console.ask()
    yield request
    console.gate.vote(request, "rita", approve=False)
    with pytest.raises(psycopg.Error, match="denied"):
        running.result()


def crowd(console, request, many):
    """The ids, newest first; seven at a time were created at the same instant."""

    def unit(conn):
        row = dict(conn.execute(select(t.requests).where(t.requests.c.id == request.id)).one()._mapping)
        copies = []
        for number in range(many - 1):
            created_at = row["created_at"] - 1000 * (number // 7)
            state = json.loads(row["state"]) | {"id": f"req_{number:020x}", "created_at": created_at}
            named = {"id": state["id"], "created_at": created_at, "attempt_key": f"{number:064x}"}
            copies.append(row | named | {"state": canonical(state).decode()})
        conn.execute(insert(t.requests), copies)
        return [one["id"] for one in sorted([row, *copies], key=lambda c: (c["created_at"], c["id"]), reverse=True)], []

    return console.gate.call(console.gate.assembly.store.transact(unit), 120)


def test_ten_thousand_stay_quick(console, one):
    crowd(console, one, MANY)
    rita = console.browser("rita")
    took = []
    for path in ["/console/", *["/console/", "/console/waiting", "/console/all"] * 5]:
        start = time.perf_counter()
        page = rita.page(path)
        took.append(time.perf_counter() - start)
        if path == "/console/":
            assert f"{MANY:,} requests wait for your decision" in text_of(page)
    assert sorted(took[1:])[len(took) // 2] < 0.25, "a page in the middle of all but the first"


@pytest.mark.parametrize("box", ["", "all"])
def test_going_back_page_by_page_shows_each_once(console, one, box):
    expected = crowd(console, one, 70)
    rita = console.browser("rita")
    found, place = [], f"/console/{box}"
    for _ in range(3):
        page = rita.page(place)
        found += ITEM.findall(page)
        following = NEXT.search(page)
        place = following[1] if following else ""
    assert found == expected
    assert place == ""


def test_what_is_decided_or_gone_leaves_the_inbox(console, one):
    """What is kept in memory of a request is what its row says now."""
    names = crowd(console, one, 3)
    rita, ana = console.browser("rita"), console.browser("ana")
    assert "3 requests wait for your decision" in text_of(rita.page("/console/"))
    assert "3 of yours wait" in text_of(ana.page("/console/waiting"))
    others = [name for name in names if name != one.id]

    def unit(conn):
        conn.execute(delete(t.requests).where(t.requests.c.id == others[0]))
        denied = {"status": "DENIED", "version": 2}
        conn.execute(update(t.requests).where(t.requests.c.id == others[1]).values(**denied))
        return None, []

    console.gate.call(console.gate.assembly.store.transact(unit))
    assert ITEM.findall(rita.page("/console/")) == [one.id]
    assert ITEM.findall(ana.page("/console/waiting")) == [one.id]


def test_a_cursor_that_is_none_is_the_beginning(console, one):
    rita = console.browser("rita")
    for cursor in ("x", "1-req_", "-1-req_00000000000000000000", "<script>", "9" * 30 + "-" + one.id):
        assert ITEM.findall(rita.page(f"/console/?after={cursor}")) == [one.id]
