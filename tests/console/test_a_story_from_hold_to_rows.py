"""The story: an agent asks over SQL, a reviewer sees it in the console and decides, the agent gets its answer."""

from __future__ import annotations

from browsing import text_of


def test_an_agent_asks_rita_approves_and_the_agent_gets_its_rows(console):
    running, request = console.ask()
    rita = console.browser("rita")
    inbox = rita.page("/console/")
    assert request.sentence in text_of(inbox)
    assert f"/console/requests/{request.id}" in inbox

    page = text_of(rita.page(f"/console/requests/{request.id}"))
    assert "UPDATE task SET done = true" in page
    assert request.view_digest in page and request.action_digest in page

    answer = rita.decide(request.id, "approve", reason="part of planned work")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console/requests/{request.id}"
    assert running.result() == 1

    after = text_of(rita.page(f"/console/requests/{request.id}"))
    assert "rita approved: part of planned work" in after
    assert "The single-use pass was taken" in after
    assert "Nothing waits for your decision" in text_of(rita.page("/console/"))
