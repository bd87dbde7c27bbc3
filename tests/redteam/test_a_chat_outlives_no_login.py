"""Whom the identity provider lets in no more decides nothing by the chat account that they once linked."""

from __future__ import annotations

import pytest

from lockgate.identity import Claims, token_hash
from lockgate.identity.oidc import issuer_name
from lockgate.services.accounts import LinkWish
from lockgate.services.approvals import Rules
from slack_reviews import Reviews
from slack_standin import SlackStandIn
from support import PASSWORD, stop_gate

ISSUER = "https://login.clinic.example"
HALF_A_DAY_S = 12 * 3600


@pytest.fixture
def reviews(hospital, tmp_path):
    """People vote by their accounts at the provider; ana, who owns the agent, has linked hers."""
    hospital.superuser("UPDATE task SET done = false WHERE done")
    slack = SlackStandIn()
    made = Reviews(hospital, tmp_path, slack, rules=Rules(cooling_s=0, issuer=issuer_name(ISSUER)))
    accounts = made.gate.assembly.accounts
    wish = LinkWish("local:ana", token_hash(made.gate.call(accounts.login("ana", PASSWORD)).token))
    made.gate.call(accounts.link_by_provider(Claims(ISSUER, "ana", frozenset()), frozenset(), wish))
    try:
        yield made
    finally:
        stop_gate(made.gate)
        slack.close()


def login(reviews):
    """rita, whom the provider has among the reviewers."""
    claims = Claims(ISSUER, "rita", frozenset())
    return reviews.gate.call(reviews.gate.assembly.accounts.login_by_provider(claims, frozenset({"privacy"})))


def link(reviews):
    code = reviews.command("URITA", "link").split("`")[1]
    reviews.gate.call(reviews.gate.assembly.accounts.link_chat(code, by=login(reviews).person))


def state(reviews, request):
    return reviews.gate.call(reviews.gate.assembly.approvals.get(request.id)).state


def test_who_has_logged_in_today_decides(reviews):
    link(reviews)
    request = reviews.asked()
    reviews.work()
    reviews.decide("URITA")
    assert state(reviews, request) == "APPROVED"


def test_who_logs_in_no_more_decides_nothing(reviews):
    link(reviews)
    reviews.ahead_s += HALF_A_DAY_S + 1
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    reviews.work()
    assert reviews.slack.forms == [] and state(reviews, request) == "PENDING"
    assert "log in to Lockgate" in reviews.command("URITA")
    login(reviews)
    reviews.decide("URITA")
    assert state(reviews, request) == "APPROVED"


def test_a_form_that_was_opened_before_is_no_way_around_it(reviews):
    link(reviews)
    reviews.ahead_s += HALF_A_DAY_S - 60
    request = reviews.asked()
    reviews.work()
    reviews.press("URITA")
    reviews.ahead_s += 61
    reviews.send_form("URITA")
    reviews.work()
    assert state(reviews, request) == "PENDING"
