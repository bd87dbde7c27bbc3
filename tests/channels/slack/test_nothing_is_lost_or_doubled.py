"""Slack is away and comes back, says *later*, loses a message; the process ends at any moment."""

from __future__ import annotations

import pytest

from lockgate.channels.due import MOST_TRIES
from lockgate.channels.slack.calling import Failed
from lockgate.store.outbox import undelivered
from slack_standin import buttons, click, words


def waiting(reviews):
    return reviews.gate.call(reviews.gate.assembly.store.read(undelivered))


def test_slack_is_away_for_an_hour_and_nothing_is_lost_or_doubled(reviews, slack):
    reviews.link("URITA", "rita")
    slack.close()
    request = reviews.asked()
    for _ in range(20):
        reviews.work()
        reviews.ahead_s += 180
    (late,) = waiting(reviews)
    assert (late.state, late.request, late.channel) == ("waiting", request.id, "slack")
    slack.open()
    reviews.work()
    reviews.ahead_s += 400
    reviews.work()
    assert slack.count("chat.postMessage") == 1 and waiting(reviews) == []
    reviews.decide("URITA")
    assert reviews.state(request) == "APPROVED", "the buttons still work"


def test_what_was_decided_while_slack_was_away_asks_nobody(reviews, slack):
    slack.close()
    request = reviews.asked()
    reviews.work()
    assert reviews.api.vote("paul", request.id, approve=False).status_code == 200
    slack.open()
    reviews.ahead_s += 400
    reviews.work()
    assert slack.count("chat.postMessage") == 0 and waiting(reviews) == []


def test_a_vote_is_counted_when_slack_is_back(reviews, slack):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    slack.close()
    reviews.send_form("URITA")
    reviews.work()
    assert reviews.state(request) == "PENDING", "nobody says that this is no guest"
    slack.open()
    reviews.ahead_s += 60
    reviews.work()
    assert reviews.state(request) == "APPROVED"


def test_later_is_as_late_as_slack_says(reviews, slack):
    slack.next.append((429, {"Retry-After": "90"}, {"ok": False, "error": "ratelimited"}))
    reviews.asked()
    reviews.work()
    assert slack.messages == {}
    reviews.ahead_s += 80
    reviews.work()
    assert slack.count("chat.postMessage") == 1, "not before"
    reviews.ahead_s += 15
    reviews.work()
    assert slack.count("chat.postMessage") == 2 and len(slack.messages) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, {}),
        (503, {}, {"ok": False, "error": "service_unavailable"}),
        (200, {}, {"ok": False, "error": "fatal_error"}),
        (200, {}, {"ok": False, "error": "channel_not_found"}),
        (429, {"Retry-After": "soon"}, {"ok": False}),
    ],
)
def test_whatever_it_says_that_is_not_ok_is_tried_again(reviews, slack, answer):
    slack.next.append(answer)
    reviews.asked()
    reviews.work()
    assert slack.messages == {} and len(waiting(reviews)) == 1
    reviews.ahead_s += 60
    reviews.work()
    assert len(slack.messages) == 1 and waiting(reviews) == []


def test_after_the_last_try_it_is_a_dead_letter_that_can_be_sent_again(reviews, slack):
    slack.close()
    request = reviews.asked()
    for _ in range(MOST_TRIES):
        reviews.work()
        reviews.ahead_s += 301
    (dead,) = reviews.api.did("root", "GET", "/notices/undelivered")
    assert (dead["state"], dead["attempts"], dead["request"]) == ("dead", MOST_TRIES, request.id)
    slack.open()
    reviews.api.did("root", "POST", f"/notices/{dead['id']}/again")
    reviews.work()
    assert len(slack.messages) == 1


def test_a_message_that_somebody_deleted_is_asked_anew_while_it_is_a_question(reviews, slack):
    request = reviews.asked()
    reviews.work()
    slack.messages.clear()
    reviews.api.did("rita", "POST", f"/requests/{request.id}/escalate", {"group": "data-owner", "count": 1})
    assert reviews.api.vote("rita", request.id).status_code == 200
    reviews.work()
    reviews.ahead_s += 30
    reviews.work()
    assert reviews.has_buttons() and waiting(reviews) == []
    assert "now asked: data-owner" in words(reviews.message()[1])
    slack.messages.clear()
    reviews.api.vote("dora", request.id, approve=False)
    reviews.work()
    assert slack.messages == {} and waiting(reviews) == []


def test_a_restart_between_a_vote_and_its_count_counts_it_once(reviews_on_each, slack):
    reviews = reviews_on_each
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    reviews.send_form("URITA")  # answered, and not counted yet
    reviews.restart()
    reviews.work()
    assert reviews.state(request) == "APPROVED" and len(reviews.gate.events("vote")) == 1
    assert "approved by local:rita" in words(reviews.message()[1])


def test_a_process_that_ends_after_the_count_counts_it_once(reviews, slack, monkeypatch):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    reviews.send_form("URITA")
    counter = reviews.gate.assembly.slack.counter

    async def ended(*_):
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(counter, "_settle", ended)
    with pytest.raises(RuntimeError):
        reviews.gate.call(counter.count_due())
    assert reviews.state(request) == "APPROVED"
    reviews.restart()
    reviews.ahead_s += 120
    reviews.work()
    assert len(reviews.gate.events("vote")) == 1 and "Your vote counts" in reviews.whispered("URITA")


def test_a_process_that_ends_once_it_stands_leaves_copies_whose_buttons_work(reviews, slack, monkeypatch):
    """Slack takes no name for a message from whoever sends it: a crash at this very moment posts it a second time."""
    reviews.link("URITA", "rita")
    sender = reviews.gate.assembly.slack.sender
    request = reviews.asked()

    async def ended(*_, **__):
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(sender, "_remember", ended)
    with pytest.raises(RuntimeError):
        reviews.gate.call(sender.deliver_due())
    ((first, copy),) = slack.messages.items()
    reviews.restart()
    reviews.ahead_s += 120
    reviews.work()
    (second,) = set(slack.messages) - {first}
    assert buttons(copy) == buttons(slack.messages[second])
    reviews.interact(click("URITA", copy, first, "lockgate.approve"))
    reviews.send_form("URITA")
    reviews.work()
    assert reviews.state(request) == "APPROVED" and len(reviews.gate.events("vote")) == 1
    assert buttons(slack.messages[second]) == []
    reviews.interact(click("URITA", copy, first, "lockgate.approve"))
    assert buttons(slack.messages[first]) == [], "the copy catches up where it is clicked"


def test_two_processes_post_it_once(reviews_on_each, slack):
    reviews = reviews_on_each
    request = reviews.asked()
    sender = reviews.gate.assembly.slack.sender
    said = []
    slack.after = lambda method: said.append(reviews.gate.call(sender._show(request.id))) if not said else None
    reviews.work()
    assert said == [Failed("another process is at it", 1)]
    assert slack.count("chat.postMessage") == 1
