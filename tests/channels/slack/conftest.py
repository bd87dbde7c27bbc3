"""A gate that asks in Slack: the real SDK, a stand-in of Slack over HTTP, people who linked their accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lockgate.services.approvals import Rules
from slack_reviews import Reviews
from slack_standin import SlackStandIn
from support import stop_gate


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    made = SlackStandIn()
    yield made
    made.close()


@pytest.fixture
def reviews(hospital: Any, tmp_path: Any, slack: SlackStandIn) -> Iterator[Reviews]:
    hospital.superuser("UPDATE task SET done = false WHERE done")
    made = Reviews(hospital, tmp_path, slack, rules=Rules(cooling_s=0))
    try:
        yield made
    finally:
        stop_gate(made.gate)


@pytest.fixture
def reviews_on_each(hospital: Any, tmp_path: Any, slack: SlackStandIn, store_url: str) -> Iterator[Reviews]:
    """The same over each kind of store."""
    hospital.superuser("UPDATE task SET done = false WHERE done")
    made = Reviews(hospital, tmp_path, slack, rules=Rules(cooling_s=0), store_url=store_url)
    try:
        yield made
    finally:
        stop_gate(made.gate)
