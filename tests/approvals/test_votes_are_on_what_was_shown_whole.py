"""A channel that cannot show all of it cannot vote: not where it is asked, and not where an older view is stored."""

from __future__ import annotations

from dataclasses import replace

from lockgate.services.approvals import Refusal, RequestView, voting
from lockgate.services.views import CHANNEL


async def test_what_cannot_be_shown_whole_is_not_asked(world):
    proposal = world.proposal()
    padded = replace(proposal.view_facts, statement_masked="SELECT 1 AND " * 5000 + "OR true")
    refused = await world.approvals.propose(replace(proposal, view_facts=padded))
    assert isinstance(refused, Refusal) and refused.code == "LG004"
    assert "too long" in refused.message and "in parts" in refused.hint
    assert await world.approvals.list() == []
    kind, body = (await world.events())[-1]
    assert (kind, body["decision"]) == ("decision", "refused") and "too long" in body["why"]


async def test_a_view_that_does_not_say_that_it_is_whole_can_only_be_denied(world, monkeypatch):
    """As those that an older Lockgate had rendered and cut."""
    monkeypatch.setattr(voting, "is_whole", lambda view: False)
    opened = await world.opened()
    refused = await world.vote("rita", opened.request_id)
    assert isinstance(refused, Refusal) and "not all of it was shown" in refused.message
    body = next(body for kind, body in await world.events() if kind == "vote")
    assert not body["counted"]
    denied = await world.vote("rita", opened.request_id, approve=False)
    assert isinstance(denied, RequestView) and denied.state == "DENIED"


async def test_a_vote_from_another_channel_is_not_taken(world):
    opened = await world.opened()
    refused = await world.vote("rita", opened.request_id, channel="chat")
    assert isinstance(refused, Refusal) and "another channel" in refused.message
    assert (await world.vote("rita", opened.request_id)).state == "APPROVED"
    channels = [body["channel"] for kind, body in await world.events() if kind == "vote"]
    assert channels == ["chat", CHANNEL]
