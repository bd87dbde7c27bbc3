"""What callers can bring about is answered with its reason, never with a failure, and its path is in no log line."""

from __future__ import annotations

import pytest
import structlog

from lockgate.services.log import Log

NAME = "Zebulon Quackenbush"


@pytest.mark.parametrize("after", ["-1", "9223372036854775808", "99999999999999999999999"])
def test_a_place_in_the_log_that_cannot_be(api, after):
    assert api("rita", "GET", f"/audit/events?after={after}").status_code == 422


def test_an_event_that_is_not_signed_yet_is_no_failure(gate, api, monkeypatch):
    async def never(self):
        return 0

    monkeypatch.setattr(Log, "sequence", never)
    monkeypatch.setattr("lockgate.services.log.SIGNED_S", 0.2)
    written = api("root", "POST", "/people/local:alf/groups", {"join": ["night"]}).headers["lockgate-receipt"]
    answer = api("rita", "GET", f"/audit/events/{written}/proof")
    assert answer.status_code == 400
    assert "not signed yet" in answer.json()["title"]


def test_a_link_that_is_there_or_leads_to_itself(api):
    assert "itself" in api("root", "POST", "/people/local:alf/link", {"other": "local:alf"}).json()["title"]
    assert api("root", "POST", "/people/local:alf/link", {"other": "local:eva"}).status_code == 204
    again = api("root", "POST", "/people/local:eva/link", {"other": "local:alf"})
    assert (again.status_code, again.json()["code"]) == (400, "LG011")


def test_a_failure_logs_the_route_and_not_what_was_written_into_it(gate, api, monkeypatch):
    async def fails(*_, **__):
        raise ValueError(NAME)

    monkeypatch.setattr(gate.assembly.approvals, "get", fails)
    with structlog.testing.capture_logs() as lines:
        assert api("rita", "GET", f"/requests/{NAME}").status_code == 500
    assert lines and lines[0]["path"] == "/requests/{request_id}"
    assert NAME not in str(lines)
