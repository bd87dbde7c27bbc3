"""A Slack user is somebody here once they were shown a code there, and entered it here, logged in."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import update

from lockgate.errors import StoreError
from lockgate.services.approvals import Rules
from lockgate.store.tables import chat, people
from slack_reviews import Reviews
from slack_standin import TEAM
from support import PASSWORD, stop_gate

RITA = f"slack:{TEAM}.URITA"


def code_for(reviews, who="URITA"):
    return reviews.command(who, "link").split("`")[1]


def test_a_code_links_once_and_says_first_whom(reviews):
    code = code_for(reviews)
    assert re.fullmatch(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){2}", code)
    looked = reviews.api.did("rita", "POST", "/slack/links/look", {"code": code})
    assert looked == {"account": RITA, "called": "Rita", "person": "local:rita"}
    assert reviews.api.did("rita", "POST", "/slack/links", {"code": code.lower().replace("-", " ")})["account"] == RITA
    assert "no such code" in reviews.api.refused("rita", "POST", "/slack/links", {"code": code})
    assert "linked to local:rita already" in reviews.command("URITA", "link")
    kinds = [event["type"] for event in reviews.gate.events()]
    assert kinds[-2:] == ["user.created", "accounts.linked"]
    body = json.loads(reviews.gate.events("accounts.linked")[-1]["leaf"])["body"]
    assert (body["one"], body["other"], body["by"]) == ("local:rita", RITA, "local:rita")


def test_a_code_is_good_for_ten_minutes_and_the_last_one_alone(reviews):
    first, second = code_for(reviews), code_for(reviews)
    assert "no such code" in reviews.api.refused("rita", "POST", "/slack/links", {"code": first})
    reviews.ahead_s += 601
    assert "no such code" in reviews.api.refused("rita", "POST", "/slack/links", {"code": second})
    third = code_for(reviews)
    reviews.ahead_s += 590
    assert reviews.api.did("rita", "POST", "/slack/links", {"code": third})["account"] == RITA


def test_only_a_person_who_is_logged_in_enters_one(reviews):
    code = code_for(reviews)
    key = reviews.gate.call(reviews.gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    for token in ("", key, reviews.gate.token(), "lgs_" + "0" * 40):
        assert reviews.api("", "POST", "/slack/links", {"code": code}, token=token).status_code == 401
        assert reviews.api("", "POST", "/slack/links/look", {"code": code}, token=token).status_code == 401
    assert reviews.command("URITA").startswith("Your Slack account is not linked")


def test_one_account_there_is_one_person_here_and_the_other_way_round(reviews):
    reviews.link("URITA", "rita")
    assert "of slack already" in reviews.api.refused(
        "rita", "POST", "/slack/links", {"code": code_for(reviews, "UPAUL")}
    )
    assert reviews.command("UPAUL").startswith("Your Slack account is not linked")


def test_a_closed_account_is_not_opened_by_another_code(reviews):
    reviews.link("URITA", "rita")
    reviews.gate.call(reviews.gate.assembly.accounts.deactivate(RITA, by="local:root"))
    assert reviews.command("URITA").startswith("Your Slack account is not linked")
    assert "was closed" in reviews.api.refused("paul", "POST", "/slack/links", {"code": code_for(reviews)})


def test_the_account_opens_nothing_and_is_in_no_group(reviews):
    reviews.link("URITA", "rita")
    for password in ("", PASSWORD):
        assert reviews.api("", "POST", "/login", {"user": RITA, "password": password}, token="").status_code == 401
    (listed,) = [one for one in reviews.api.did("root", "GET", "/people") if one["id"] == RITA]
    assert (listed["kind"], listed["groups"]) == ("human", [])


def test_a_link_that_is_minutes_old_does_not_vote(hospital, tmp_path, slack):
    """A session that somebody left open for a moment is no seat on the bench for ever."""
    reviews = Reviews(hospital, tmp_path, slack, rules=Rules(cooling_s=3600))
    try:
        reviews.ahead_s += 2 * 24 * 3600  # after the first evening
        reviews.link("URITA", "rita")
        request = reviews.asked()
        reviews.work()
        reviews.decide("URITA")
        assert reviews.state(request) == "PENDING" and "was linked only now" in reviews.whispered("URITA")
        reviews.ahead_s += 3601
        reviews.decide("URITA")
        assert reviews.state(request) == "APPROVED"
    finally:
        stop_gate(reviews.gate)


def test_a_link_shares_every_conflict(reviews):
    """Who owns the agent and gets hold of another's code is still the owner."""
    reviews.link("UANA", "ana")
    request = reviews.asked()
    assert "local:ana" in request.conflicts and f"slack:{TEAM}.UANA" in request.conflicts


def change(reviews, table, where, **values):
    """As somebody who can write to the store, and has no key."""
    reviews.gate.call(
        reviews.gate.assembly.store.transact(
            lambda conn: (conn.execute(update(table).where(where).values(**values)), [])
        )
    )


def test_a_code_that_was_changed_in_the_store_links_nobody(reviews):
    code = code_for(reviews, "UPAUL")
    change(reviews, chat.chat_codes, chat.chat_codes.c.used_at == 0, account=RITA)
    assert "no such code" in reviews.api.refused("alf", "POST", "/slack/links", {"code": code})


def test_a_link_that_was_changed_in_the_store_stops_everybody(reviews):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    links = people.links
    change(reviews, links, links.c.one == "local:rita", one="local:paul")
    reviews.send_form("URITA")
    found = reviews.gate.assembly.slack
    with pytest.raises(StoreError, match="register"):
        reviews.gate.call(found.counter.count_due())
    assert reviews.gate.events("vote") == [] and request
