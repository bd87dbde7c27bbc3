"""An agent asks, people read it in Slack, one of them approves in a form, the statement runs, the message follows."""

from __future__ import annotations

import json

from slack_standin import ROOM, TEAM, buttons, words


def test_a_linked_reviewer_approves_in_a_form_and_the_statement_runs(reviews_on_each, slack):
    reviews = reviews_on_each
    reviews.link("URITA", "rita")
    with reviews.gate.connect() as agent:
        running = reviews.gate.in_background(
            lambda: agent.execute("UPDATE task SET done = true WHERE id = 11").rowcount
        )
        request = reviews.gate.wait_pending()
        reviews.work()
        _, asked = reviews.message()
        assert asked["channel"] == ROOM
        for line in request.lines:
            assert line.replace("<", "&lt;") in "\n".join(
                block["text"]["text"] for block in asked["blocks"] if block["type"] == "section"
            ), "all of the stored view"
        assert [button["text"]["text"] for button in buttons(asked)] == ["Approve…", "Deny…"]
        assert reviews.press("URITA").status_code == 200
        assert slack.forms[-1]["title"]["text"] == "Approve"
        assert reviews.send_form("URITA", "agreed with data protection").json() == {}
        reviews.work()
        assert running.result() == 1
    assert "Your vote counts" in reviews.whispered("URITA")
    reviews.gate.outcome(request.id)
    reviews.work()
    _, after = reviews.message()
    assert "was approved, and is done" in words(after) and "approved by local:rita" in words(after)
    assert buttons(after) == [] and slack.count("chat.postMessage") == 1
    (vote,) = reviews.gate.events("vote")
    body = vote_body(vote)
    assert (body["person"], body["channel"], body["through"]) == ("local:rita", "slack", f"slack:{TEAM}.URITA")
    assert body["counted"] and body["saw_it"] and body["shown_digest"] != body["view_digest"]


def test_a_deny_needs_a_reason_and_ends_it(reviews, slack):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA", "lockgate.deny")
    assert reviews.send_form("URITA", "  ").json()["errors"] == {"reason": "A deny needs a reason."}
    assert reviews.send_form("URITA", None).json()["response_action"] == "errors"
    assert reviews.state(request) == "PENDING"
    reviews.send_form("URITA", "too much at once")
    reviews.work()
    assert reviews.state(request) == "DENIED"
    reviews.work()
    assert "denied by local:rita" in words(reviews.message()[1])


def test_the_message_follows_whoever_decides_wherever(reviews):
    request = reviews.asked()
    reviews.work()
    assert reviews.has_buttons()
    assert reviews.api.vote("paul", request.id).status_code == 200
    reviews.work()
    assert not reviews.has_buttons()
    assert "was approved, and is not used yet" in words(reviews.message()[1])
    reviews.api.did("ana", "POST", f"/requests/{request.id}/withdraw")
    reviews.work()
    assert "is not used yet" not in words(reviews.message()[1])


def test_the_button_of_a_decided_request_answers_kindly(reviews, slack):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.work()
    reviews.api.vote("paul", request.id, approve=False)
    assert reviews.press("URITA").status_code == 200
    assert "nothing to decide any more: the request was denied" in reviews.whispered("URITA")
    assert f"<http://lockgate.test/console/requests/{request.id}|Open it" in reviews.whispered("URITA")
    assert slack.forms == [] and not reviews.has_buttons(), "and the message that was clicked has caught up"


def test_the_command_lists_what_waits_for_me(reviews):
    reviews.link("URITA", "rita")
    reviews.link("UANA", "ana")
    assert reviews.command("URITA") == "Nothing waits for you."
    request = reviews.asked()
    listed = reviews.command("URITA")
    assert f"<http://lockgate.test/console/requests/{request.id}|{request.id}>" in listed and "medium" in listed
    assert reviews.command("UANA") == "Nothing waits for you.", "the agent's owner is in conflict, and no reviewer"
    assert "/lockgate link" in reviews.command("URITA", "help me")


def vote_body(event):
    return json.loads(event["leaf"])["body"]
