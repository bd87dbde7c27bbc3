"""Whoever can write to the store's tables, and has none of the keys, decides nothing through Slack's."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from lockgate.channels.slack.settings import VOTES
from lockgate.store.outbox import put
from lockgate.store.tables.approvals import requests
from lockgate.store.tables.chat import chat_messages
from lockgate.store.tables.outbox import outbox
from slack_standin import buttons, click


def write(reviews, unit):
    return reviews.gate.call(reviews.gate.assembly.store.transact(lambda conn: (unit(conn), [])))


def asked(reviews):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    return request


def test_a_vote_that_was_put_there_does_not_count(reviews):
    request = asked(reviews)
    button = buttons(reviews.message()[1])[0]["value"]
    body = {"button": button, "user": "URITA", "approve": True, "reason": "", "place": "", "request": request.id}
    for mac in ("", "00", "zz", "0" * 80):
        write(reviews, lambda conn, mac=mac: put(conn, VOTES, "", {**body, "mac": mac}, now_at=reviews.clock()))
    write(reviews, lambda conn: put(conn, VOTES, "", body, now_at=reviews.clock()))
    write(reviews, lambda conn: put(conn, VOTES, "", ["approve"], now_at=reviews.clock()))
    reviews.work()
    assert reviews.state(request) == "PENDING" and reviews.gate.events("vote") == []


def test_a_deny_that_was_turned_into_an_approval_does_not_count(reviews):
    request = asked(reviews)
    reviews.press("URITA", "lockgate.deny")
    reviews.send_form("URITA", "no")

    def turn(conn):
        row = conn.execute(select(outbox).where(outbox.c.channel == VOTES)).one()
        body = json.loads(row.body) | {"approve": True}
        conn.execute(update(outbox).where(outbox.c.id == row.id).values(body=json.dumps(body)))

    write(reviews, turn)
    reviews.work()
    assert reviews.state(request) == "PENDING" and reviews.gate.events("vote") == []


def test_a_button_that_was_moved_to_another_request_decides_neither(reviews, slack):
    first = asked(reviews)
    second = reviews.asked("UPDATE task SET done = true WHERE id = 12")
    reviews.work()
    ids = {row.request: row.id for row in reviews.gate.call(reviews.gate.assembly.store.read(rows))}
    message = next((name, m) for name, m in slack.messages.items() if buttons(m)[0]["value"] == ids[first.id])

    def swap(conn):
        conn.execute(update(chat_messages).where(chat_messages.c.id == ids[first.id]).values(request=second.id))

    reviews.interact(click("URITA", message[1], message[0], "lockgate.approve"))
    write(reviews, swap)
    reviews.send_form("URITA")
    reviews.work()
    assert [reviews.state(one) for one in (first, second)] == ["PENDING", "PENDING"]
    assert "none of Lockgate's any more" in reviews.whispered("URITA")


def rows(conn):
    return list(conn.execute(select(chat_messages)))


def test_a_view_that_was_changed_under_the_message_is_not_voted_on(reviews):
    """The stored view is under the request's own history: what people saw in the room was another."""
    request = asked(reviews)
    reviews.press("URITA")

    def change(conn):
        row = conn.execute(select(requests).where(requests.c.id == request.id)).one()
        view = json.loads(row.view)
        view["lines"][0] = "bot wants to do nothing at all"
        conn.execute(update(requests).where(requests.c.id == request.id).values(view=json.dumps(view)))

    write(reviews, change)
    reviews.send_form("URITA")
    reviews.work()
    assert reviews.state(request) in ("PENDING", "INVALIDATED")
    assert not [e for e in reviews.gate.events("vote") if json.loads(e["leaf"])["body"]["counted"]]
