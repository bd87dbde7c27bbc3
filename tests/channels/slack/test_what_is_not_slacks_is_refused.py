"""What is forged, old, said before, from elsewhere, or of somebody unknown decides nothing."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from slack_standin import ROOM, SECRET, TEAM, click, signed, submission, user


@pytest.fixture
def asked(reviews):
    """A request that waits, its message, and rita, who is linked."""
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    return request


def unanswered(reviews, slack, request, asked_forms=0):
    reviews.work()
    return len(slack.forms) == asked_forms and reviews.state(request) == "PENDING" and not reviews.gate.events("vote")


def press(reviews):
    name, said = reviews.message()
    return {"payload": json.dumps(click("URITA", said, name, "lockgate.approve"))}


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another secret"},
        {"headers": {"x-slack-signature": ""}},
        {"headers": {"x-slack-signature": "v0=" + "0" * 64}},
        {"headers": {"x-slack-signature": "v1=" + "0" * 64}},
        {"headers": {"x-slack-request-timestamp": ""}},
        {"headers": {"x-slack-request-timestamp": "-1"}},
        {"headers": {"x-slack-request-timestamp": "1e9"}},
        {"headers": {"x-slack-request-timestamp": "9" * 40}},
        {"body": b"payload=%7B%7D"},
        {"body": b"\xff\xfe"},
    ],
)
def test_a_forged_delivery_is_refused(reviews, slack, asked, changed):
    answer = reviews.deliver("interactions", press(reviews), **changed)
    assert answer.status_code == 401, answer.text
    assert unanswered(reviews, slack, asked)


@pytest.mark.parametrize("age_s", [-301, -3600, 302, 10**9])
def test_what_is_older_or_newer_than_five_minutes_is_refused(reviews, slack, asked, age_s):
    answer = reviews.deliver("interactions", press(reviews), at_s=reviews.clock() // 1_000_000 + age_s)
    assert answer.status_code == 401
    assert unanswered(reviews, slack, asked)


def test_what_is_four_minutes_old_is_taken(reviews, slack, asked):
    assert reviews.deliver("interactions", press(reviews), at_s=reviews.clock() // 1_000_000 - 240).status_code == 200
    assert unanswered(reviews, slack, asked, asked_forms=1)


def test_a_replay_is_dropped_also_after_a_restart(reviews, slack, asked):
    body, headers = signed(press(reviews), reviews.clock() // 1_000_000)
    assert reviews.send("interactions", body, headers).status_code == 200
    reviews.work()
    assert len(slack.forms) == 1
    assert reviews.send("interactions", body, headers).json() == {}
    reviews.work()
    reviews.restart()
    assert reviews.send("interactions", body, headers).json() == {}
    reviews.work()
    assert len(slack.forms) == 1


def test_a_vote_that_is_delivered_twice_counts_once(reviews_on_each, slack):
    reviews = reviews_on_each
    reviews.link("URITA", "rita")
    asked = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    fields = {"payload": json.dumps(submission("URITA", slack.forms[-1], "agreed"))}
    body, headers = signed(fields, reviews.clock() // 1_000_000)
    for _ in range(3):
        assert reviews.send("interactions", body, headers).json() == {}
    # and once more under a signature of its own
    assert reviews.deliver("interactions", fields, at_s=reviews.clock() // 1_000_000 - 7).json() == {}
    reviews.work()
    assert reviews.state(asked) == "APPROVED"
    assert len(reviews.gate.events("vote")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"team": {"id": "T0OTHER"}},
        {"team": None},
        {"team": TEAM},
        {"enterprise": {"id": "E0OTHER"}},
        {"user": {"id": "URITA", "team_id": "T0OTHER"}},
    ],
)
def test_another_workspace_is_refused(reviews, slack, asked, changes):
    assert reviews.press("URITA", **changes).status_code == 401
    assert unanswered(reviews, slack, asked)


def test_a_command_of_another_workspace_is_refused(reviews):
    for fields in ({"team_id": "T0OTHER"}, {"enterprise_id": "E0OTHER"}, {"team_id": ""}):
        said = {"command": "/lockgate", "team_id": TEAM, "user_id": "URITA", "text": "link"} | fields
        assert reviews.deliver("commands", said).status_code == 401


@pytest.mark.parametrize(
    "flags",
    [
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_bot": True},
        {"deleted": True},
        {"is_stranger": True},
        {"team_id": "T0OTHER"},
        {"is_restricted": None},
    ],
)
def test_who_became_a_guest_or_left_decides_nothing(reviews, slack, asked, flags):
    reviews.press("URITA")
    slack.users["URITA"] = user("URITA", "rita", **flags)
    reviews.send_form("URITA")
    assert unanswered(reviews, slack, asked, asked_forms=1)
    reviews.press("URITA")
    assert unanswered(reviews, slack, asked, asked_forms=1), "nor is there another form"


@pytest.mark.parametrize("who", ["UGUEST", "UFAR", "UNOBODY"])
def test_guests_and_strangers_are_given_no_code(reviews, who):
    assert "code is" not in reviews.command(who, "link")


def test_who_is_not_linked_decides_nothing(reviews, slack, asked):
    reviews.press("UPAUL")
    assert "not linked" in reviews.whispered("UPAUL") and slack.forms == []
    reviews.press("URITA")
    reviews.send_form("UPAUL")
    assert unanswered(reviews, slack, asked, asked_forms=1)
    assert "not linked" in reviews.command("UPAUL")


def test_nobody_decides_on_what_their_own_agent_asks(reviews, slack):
    reviews.link("UANA", "ana")
    reviews.gate.call(reviews.gate.assembly.accounts.change_groups("local:ana", join=["privacy"], by="local:root"))
    request = reviews.asked()
    reviews.work()
    reviews.decide("UANA")
    assert reviews.state(request) == "PENDING"
    assert "you may not approve this, because" in reviews.whispered("UANA")
    assert reviews.whispered("URITA") == "" and ROOM not in reviews.whispered("UANA")
    (vote,) = reviews.gate.events("vote")
    assert json.loads(vote["leaf"])["body"]["counted"] is False


def test_who_is_deactivated_or_whose_account_there_is_closed_decides_nothing(reviews, slack, asked):
    reviews.link("UPAUL", "paul")
    accounts = reviews.gate.assembly.accounts
    reviews.press("URITA")
    reviews.gate.call(accounts.deactivate(f"slack:{TEAM}.URITA", by="local:root"))
    reviews.send_form("URITA")
    assert unanswered(reviews, slack, asked, asked_forms=1)
    reviews.press("UPAUL")
    reviews.gate.call(accounts.deactivate("local:paul", by="local:root"))
    reviews.send_form("UPAUL")
    assert unanswered(reviews, slack, asked, asked_forms=2)


def test_an_invented_button_is_nobodys(reviews, slack, asked):
    reviews.press("URITA")
    for button in ("", asked.id, "0" * 40, "x" * 2000):
        form = slack.forms[0] | {"private_metadata": button}
        reviews.interact(submission("URITA", form, "agreed"))
    assert unanswered(reviews, slack, asked, asked_forms=1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload=",
        b"payload=[1]",
        b"payload=%7B",
        b"a=1&a=2",
        b"payload=" + b"[" * 100_000,
        b"&".join([b"a=1"] * 99),
    ],
    ids=lambda body: body[:12].decode(),
)
def test_what_is_no_delivery_is_refused(reviews, body):
    now_s = reviews.clock() // 1_000_000
    mac = hmac.new(SECRET.encode(), f"v0:{now_s}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": str(now_s), "x-slack-signature": f"v0={mac}"}
    for path in ("interactions", "commands"):
        assert reviews.send(path, body, headers).status_code in (400, 401)


def test_a_body_is_bounded(reviews):
    answer = reviews.send("interactions", b"payload=" + b"x" * (300 << 10), {"authorization": "Bearer lgs_x"})
    assert answer.status_code == 413
