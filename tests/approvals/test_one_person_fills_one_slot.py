"""What a request needs is one line of stages: its profiles', then what was escalated; nobody stands in it twice."""

from __future__ import annotations

from clinic import DAY, START, Person
from lockgate.action import Kind
from lockgate.services.approvals import Execution, Refusal, Voter

PETRA = Voter("local:petra", True, False)
PRIVACY = {"stages": [{"count": 1, "group": "privacy"}]}
OWNER = {"stages": [{"count": 1, "group": "data-owner"}]}


async def test_a_vote_of_somebody_in_both_groups_is_not_the_escalations_too(world):
    opened = await world.opened()
    await world.approvals.escalate(opened.request_id, by=PETRA, group="data-owner")
    assert (await world.vote("petra", opened.request_id)).state == "PENDING"
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert (await world.vote("omar", opened.request_id)).state == "APPROVED"
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_an_escalation_to_the_same_group_asks_one_more_of_it(world):
    opened = await world.opened()
    await world.approvals.escalate(opened.request_id, by=PETRA, group="privacy")
    assert (await world.vote("rita", opened.request_id)).state == "PENDING"
    assert (await world.vote("petra", opened.request_id)).state == "APPROVED"


async def test_two_profiles_of_one_message_are_two_people(world):
    opened = await world.opened(world.proposal(None, reviewer=PRIVACY, owner=OWNER))
    assert (await world.vote("petra", opened.request_id)).state == "PENDING"
    assert (await world.vote("omar", opened.request_id)).state == "APPROVED"


async def test_who_is_asked_is_whose_turn_it_is_in_the_one_line(world):
    opened = await world.opened(world.proposal(None, reviewer=PRIVACY, owner=OWNER))
    await world.approvals.escalate(opened.request_id, by=PETRA, group="admins")
    turns = []
    for voter in ("rita", "omar", "root"):
        turns.append((await world.approvals.get(opened.request_id)).asked)
        await world.vote(voter, opened.request_id)
    assert turns == [("privacy",), ("data-owner",), ("admins",)]
    assert await world.state(opened.request_id) == "APPROVED"


async def test_what_one_person_alone_could_fill_is_refused_at_once(world):
    for name in ("rita", "omar"):
        world.directory.change(name, active=False)
    refused = await world.approvals.propose(world.proposal(None, reviewer=PRIVACY, owner=OWNER))
    assert isinstance(refused, Refusal)
    assert "1 of data-owner, 1 of privacy" in refused.message


async def test_an_escalation_that_only_those_already_needed_could_fill_is_refused(world):
    for name in ("rita", "omar"):
        world.directory.change(name, active=False)
    opened = await world.opened()
    refused = await world.approvals.escalate(opened.request_id, by=PETRA, group="data-owner")
    assert isinstance(refused, Refusal)
    assert (await world.vote("petra", opened.request_id)).state == "APPROVED", "nothing was added"


async def test_who_is_needed_for_the_escalation_does_not_take_a_place_before_it(world):
    world.directory.change("omar", active=False)
    opened = await world.opened()
    await world.approvals.escalate(opened.request_id, by=PETRA, group="data-owner")
    assert "later stage" in (await world.vote("petra", opened.request_id)).message
    await world.vote("rita", opened.request_id)
    assert (await world.vote("petra", opened.request_id)).state == "APPROVED"


async def test_a_profile_that_asks_more_today_is_not_served_by_who_was_escalated(world):
    """Today's stages and the escalation's are one line too."""
    opened = await world.opened()
    await world.approvals.escalate(opened.request_id, by=PETRA, group="data-owner")
    await world.vote("rita", opened.request_id)
    await world.vote("omar", opened.request_id)
    action = world.action()
    both = {"one-reviewer": {"stages": [*PRIVACY["stages"], *OWNER["stages"]]}}
    refused = await world.approvals.consume(opened.request_id, action, world.allow(action), profiles=both)
    assert isinstance(refused, Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_accounts_linked_after_both_voted_are_one_person_at_the_consume(world):
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    opened = await world.opened(world.proposal(None, pair=pair))
    await world.vote("rita", opened.request_id)
    assert (await world.vote("petra", opened.request_id)).state == "APPROVED"
    world.directory.change("rita", linked=frozenset({"local:petra"}))
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_accounts_linked_after_a_standing_grant_carry_no_use_of_it(world):
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    proposal = world.proposal(None, pair=pair)
    grant = await world.approvals.propose_standing(proposal, max_uses=2, ttl_s=3600)
    await world.vote("rita", grant.request_id)
    await world.vote("petra", grant.request_id)
    assert (await world.opened(proposal)).state == "APPROVED"
    third = Person("local:pia", Kind.HUMAN, {"privacy": START - 60 * DAY})
    world.directory.everyone[third.id] = third
    world.directory.change("rita", linked=frozenset({"local:petra"}))
    another = world.proposal(world.action(b"another"), pair=pair)
    assert (await world.opened(another)).state == "PENDING"


async def test_the_same_two_votes_hold_while_nobody_is_linked(world):
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    opened = await world.opened(world.proposal(None, pair=pair))
    await world.vote("rita", opened.request_id)
    await world.vote("petra", opened.request_id)
    world.directory.change("rita", created_at=world.clock() - DAY)
    assert isinstance(await world.consume(opened.request_id), Execution)
