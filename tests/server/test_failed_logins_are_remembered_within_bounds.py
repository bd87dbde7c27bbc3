"""Invented names cost no memory, and do not push out the one that is being guessed at while it is guessed at."""

from __future__ import annotations

import pytest

from lockgate.server.api.guard import MOST_FAILURES, MOST_REMEMBERED, LoginLimit, TooMany


def test_only_so_many_are_remembered():
    limit = LoginLimit()
    for number in range(MOST_REMEMBERED + 500):
        limit.failed(f"name-{number}")
    assert len(limit._failures) == MOST_REMEMBERED


def test_a_name_that_fails_again_and_again_stays_stopped():
    limit = LoginLimit()
    for number in range(MOST_FAILURES + 3):
        limit.failed("rita")
        for other in range(100):
            limit.failed(f"name-{number}-{other}")
    with pytest.raises(TooMany):
        limit.check("rita")
