"""Notices leave through the outbox, in the same transaction, and say nothing that they should not."""

from __future__ import annotations

import pytest

from lockgate.action import Kind, Principal, Requester
from lockgate.services.approvals import Voter, notices


@pytest.fixture
def told(monkeypatch):
    """What goes into the outbox, beside really going there."""
    found = []
    put = notices.outbox.put

    def both(conn, channel, destination, body, *, now_at):
        found.append((channel, destination, body))
        return put(conn, channel, destination, body, now_at=now_at)

    monkeypatch.setattr(notices.outbox, "put", both)
    return found


async def test_each_change_is_told_once(world, told):
    opened = await world.approved()
    execution = await world.consume(opened.request_id)
    await world.approvals.finish(execution.execution_id, "SUCCEEDED", 1, 1)
    states = [body["type"] for _, _, body in told]
    assert states == ["request.pending", "request.approved", "request.executing", "request.succeeded"]
    assert {(channel, destination) for channel, destination, _ in told} == {("webhook", "ops")}


async def test_joining_and_partial_votes_are_not_told_again(world, told):
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    opened = await world.opened(world.proposal(None, pair=pair))
    await world.opened(world.proposal(None, pair=pair))
    await world.vote("rita", opened.request_id)
    assert len(told) == 1


async def test_a_notice_has_a_link_that_is_no_credential_and_no_words_of_the_requester(world, told):
    opened = await world.opened()
    (notice,) = [body for _, _, body in told]
    assert notice["link"] == f"https://gate:8443/requests/{opened.request_id}"
    assert notice["asked"] == ["privacy"]
    assert not {"statement", "reason", "view", "payload", "lines"} & notice.keys()


async def test_an_edit_tells_the_requester_what_took_its_place(world, told):
    opened = await world.opened()
    child = await world.approvals.edit(
        opened.request_id,
        editor=Voter("local:rita", True, False),
        proposal=world.proposal(world.action(b"narrower")),
    )
    by_request = {body["request"]: body for _, _, body in told}
    assert by_request[child.request_id]["tell"] == ["local:ana", "local:bot"]
    assert by_request[opened.request_id]["state"] == "SUPERSEDED"


async def test_only_those_are_named_who_could_decide(world, told):
    """Ana owns the agent; omar is in no group that is asked; doc, root and the agent are no reviewers."""
    opened = await world.opened()
    assert told[-1][2]["reviewers"] == ["local:petra", "local:rita"]
    await world.vote("rita", opened.request_id)
    assert told[-1][2]["reviewers"] == [], "there is nothing left to decide"


async def test_who_was_linked_left_or_has_loosened_a_rule_is_not_named(world, told):
    world.loosened.add("local:petra")
    await world.opened()
    assert told[-1][2]["reviewers"] == ["local:rita"]


async def test_the_next_stage_is_told_when_it_is_its_turn(world, told):
    two = {"stages": [{"count": 1, "group": "privacy"}, {"count": 1, "group": "data-owner"}]}
    opened = await world.opened(world.proposal(None, two=two))
    assert told[-1][2]["asked"] == ["privacy"]
    await world.vote("rita", opened.request_id)
    assert len(told) == 2
    assert told[-1][2]["asked"] == ["data-owner"]
    assert told[-1][2]["reviewers"] == ["local:omar", "local:petra"]


async def test_whoever_is_added_by_escalation_is_told_when_it_is_their_turn(world, told):
    opened = await world.opened()
    await world.approvals.escalate(opened.request_id, by=Voter("local:rita", True, False), group="data-owner")
    assert told[-1][2]["asked"] == ["privacy"]
    await world.vote("rita", opened.request_id)
    assert told[-1][2]["asked"] == ["data-owner"]
    assert told[-1][2]["reviewers"] == ["local:omar", "local:petra"]


async def test_a_broken_glass_is_told_at_once_to_whoever_answers_for_the_data(world, told):
    """Ana reviews too, but owns nothing here; the one who broke it needs no telling."""
    world.directory.change("rita", active=False)
    doc = Requester(Principal("local", "doc", Kind.HUMAN), "login", "10.0.0.3")
    glass = await world.approvals.break_glass(
        doc,
        voter=Voter("local:doc", True, False, step_up="password"),
        connection="clinic",
        classes=frozenset({"name"}),
        reason="coding in bed four",
    )
    (notice,) = [body for _, _, body in told]
    assert (notice["request"], notice["kind"], notice["state"]) == (glass.request_id, "glass", "EXECUTING")
    assert notice["tell"] == ["local:ana", "local:omar", "local:petra", "local:root"]
    assert "coding" not in str(notice)
