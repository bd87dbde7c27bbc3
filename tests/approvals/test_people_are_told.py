"""Notices leave through the outbox, in the same transaction, and say nothing that they should not."""

from __future__ import annotations

import pytest

from lockgate.services.approvals import desk


@pytest.fixture
def told(monkeypatch):
    """What goes into the outbox, beside really going there."""
    notices = []
    put = desk.outbox.put

    def both(conn, channel, destination, body, *, now_at):
        notices.append((channel, destination, body))
        return put(conn, channel, destination, body, now_at=now_at)

    monkeypatch.setattr(desk.outbox, "put", both)
    return notices


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
    from lockgate.services.approvals import Voter

    opened = await world.opened()
    child = await world.approvals.edit(
        opened.request_id,
        editor=Voter("local:rita", True, False),
        proposal=world.proposal(world.action(b"narrower")),
    )
    by_request = {body["request"]: body for _, _, body in told}
    assert by_request[child.request_id]["tell"] == ["local:ana", "local:bot"]
    assert by_request[opened.request_id]["state"] == "SUPERSEDED"
