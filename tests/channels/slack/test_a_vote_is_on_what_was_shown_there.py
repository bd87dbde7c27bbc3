"""The service itself holds what the channel promises: a vote names what Slack showed, and who they are there."""

from __future__ import annotations

import pytest

from lockgate.channels.slack import blocks
from lockgate.services.approvals import Refusal, Voter
from slack_standin import TEAM

RITA, PAUL = f"slack:{TEAM}.URITA", f"slack:{TEAM}.UPAUL"


def shown_in_slack(request):
    return blocks.show(request.id, request.view_digest, {"lines": request.lines, "body": request.view}).digest


def vote(reviews, request, *, digest="", person="local:rita", through=RITA, channel="slack", approve=True):
    return reviews.gate.call(
        reviews.gate.assembly.approvals.vote(
            request.id,
            voter=Voter(person, interactive=True, token_has_act=False, channel=channel, through=through),
            approve=approve,
            reason="because",
            action_digest=request.action_digest,
            view_digest=digest or shown_in_slack(request),
        )
    )


@pytest.fixture
def asked(reviews):
    reviews.link("URITA", "rita")
    reviews.link("UPAUL", "paul")
    return reviews.asked()


@pytest.mark.parametrize("approve", [True, False])
def test_who_saw_something_else_has_not_seen_it(reviews, asked, approve):
    other = reviews.asked("UPDATE task SET done = true WHERE id = 12")
    for digest in (asked.view_digest, "0" * 64, shown_in_slack(other)):
        refused = vote(reviews, asked, digest=digest, approve=approve)
        assert isinstance(refused, Refusal) and refused.message == "what you saw is not what is asked"
    assert vote(reviews, asked, approve=approve).state == ("APPROVED" if approve else "DENIED")


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize("through", ["", PAUL, f"slack:{TEAM}.UNOBODY", "local:rita", "local:bot"])
def test_an_account_there_votes_for_the_one_it_is_linked_to(reviews, asked, through, approve):
    refused = vote(reviews, asked, through=through, approve=approve)
    assert isinstance(refused, Refusal) and refused.message == "this account is not linked to yours"
    assert reviews.state(asked) == "PENDING"


def test_a_channel_that_nobody_configured_approves_nothing(reviews, asked):
    refused = vote(reviews, asked, digest=asked.view_digest, channel="teams")
    assert isinstance(refused, Refusal) and "another channel" in refused.message


def test_the_account_there_is_no_voter_itself(reviews, asked):
    refused = vote(reviews, asked, person=RITA)
    assert isinstance(refused, Refusal) and "another issuer" in refused.message


def test_one_person_votes_once_whichever_way(reviews):
    reviews.link("URITA", "rita")
    request = reviews.asked()
    reviews.api.did("rita", "POST", f"/requests/{request.id}/escalate", {"group": "privacy", "count": 1})
    assert reviews.api.vote("rita", request.id).status_code == 200
    refused = vote(reviews, request)
    assert isinstance(refused, Refusal) and "voted on this already" in refused.message
    assert reviews.state(request) == "PENDING"
