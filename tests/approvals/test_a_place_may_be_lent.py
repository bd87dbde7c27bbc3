"""Delegation is time-boxed, checked again at every use, and never makes two voters of one place."""

from __future__ import annotations

from clinic import DAY, HOUR, START, Person
from lockgate.action import Kind
from lockgate.services.approvals import Delegation, Execution, Refusal, RequestView, Voter

RITA = Voter("local:rita", True, False)


async def lent(world, ttl_s=3600):
    delegation = await world.approvals.delegate(giver=RITA, receiver="local:omar", group="privacy", ttl_s=ttl_s)
    assert isinstance(delegation, Delegation)
    return delegation


async def test_the_receiver_decides_in_the_givers_place(world):
    await lent(world)
    opened = await world.opened()
    assert (await world.vote("omar", opened.request_id)).state == "APPROVED"
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_it_ends_and_is_taken_back_and_votes_under_it_end_too(world):
    delegation = await lent(world)
    opened = await world.opened()
    await world.vote("omar", opened.request_id)
    assert await world.approvals.undelegate(delegation.id, giver=RITA)
    assert isinstance(await world.consume(opened.request_id), Refusal)
    await lent(world, ttl_s=60)
    world.clock.sleep(61)
    later = await world.opened(world.proposal(world.action(b"later")))
    assert isinstance(await world.vote("omar", later.request_id), Refusal)


async def test_giver_and_receiver_are_one_voter(world):
    await lent(world)
    pair = {"stages": [{"count": 2, "group": "privacy"}]}
    opened = await world.opened(world.proposal(None, pair=pair))
    await world.vote("omar", opened.request_id)
    assert isinstance(await world.vote("rita", opened.request_id), Refusal)
    assert (await world.vote("petra", opened.request_id)).state == "APPROVED"


async def test_a_giver_in_the_conflict_set_has_nothing_to_lend(world):
    ana = Voter("local:ana", True, False)
    await world.approvals.delegate(giver=ana, receiver="local:omar", group="privacy", ttl_s=60)
    opened = await world.opened()
    assert isinstance(await world.vote("omar", opened.request_id), Refusal)


async def test_a_lent_place_is_not_lent_on_and_not_for_long(world):
    await lent(world)
    omar = Voter("local:omar", True, False)
    for wrong in (
        {"giver": omar, "receiver": "local:doc", "group": "privacy", "ttl_s": 60},
        {"giver": RITA, "receiver": "local:omar", "group": "privacy", "ttl_s": 15 * 24 * 3600},
        {"giver": RITA, "receiver": "local:bot", "group": "privacy", "ttl_s": 60},
        {"giver": RITA, "receiver": "local:rita", "group": "privacy", "ttl_s": 60},
    ):
        assert isinstance(await world.approvals.delegate(**wrong), Refusal)


async def test_a_giver_who_left_the_group_has_lent_nothing(world):
    await lent(world)
    opened = await world.opened()
    assert isinstance(await world.vote("omar", opened.request_id), RequestView)
    world.directory.change("rita", groups={})
    assert isinstance(await world.consume(opened.request_id), Refusal)


async def test_a_lent_place_is_enough_to_open_a_request(world):
    petra = Voter("local:petra", True, False)
    await world.approvals.delegate(giver=petra, receiver="local:omar", group="privacy", ttl_s=3600)
    world.directory.change("rita", active=False)
    world.loosened.add("local:petra")
    assert isinstance(await world.approvals.propose(world.proposal()), Refusal), "her conflict goes with it"
    world.loosened.clear()
    opened = await world.opened()
    assert (await world.vote("omar", opened.request_id)).state == "APPROVED"


def newcomer(world, by, age_s=0, **changes):
    """An account made by somebody lately, in no group."""
    person = Person("local:nemo", Kind.HUMAN, {}, created_at=START - age_s * (HOUR // 3600), created_by=by, **changes)
    world.directory.everyone[person.id] = person
    return person.id


async def test_a_place_lent_to_an_account_that_is_too_young_carries_no_vote_yet(world):
    nemo = newcomer(world, by="")
    await world.approvals.delegate(giver=RITA, receiver=nemo, group="privacy", ttl_s=7200)
    opened = await world.opened()
    assert isinstance(await world.vote("nemo", opened.request_id), Refusal)
    world.clock.sleep(3601)
    assert (await world.vote("nemo", opened.request_id)).state == "APPROVED"


async def test_a_receiver_whom_a_party_made_is_no_judge(world):
    nemo = newcomer(world, by="local:ana", age_s=2 * 3600)
    await world.approvals.delegate(giver=RITA, receiver=nemo, group="privacy", ttl_s=7200)
    opened = await world.opened()
    refused = await world.vote("nemo", opened.request_id)
    assert isinstance(refused, Refusal)
    assert "given to you by a party" in refused.message


async def test_who_made_the_receiver_today_does_not_vote_beside_them(world):
    nemo = newcomer(world, by="local:petra", age_s=2 * 3600)
    await world.approvals.delegate(giver=RITA, receiver=nemo, group="privacy", ttl_s=7200)
    opened = await world.opened()
    refused = await world.vote("petra", opened.request_id)
    assert isinstance(refused, Refusal)
    assert "created a voter's account" in refused.message
    assert (await world.vote("nemo", opened.request_id)).state == "APPROVED"


async def test_a_receiver_of_long_standing_votes_at_once(world):
    world.directory.change("omar", created_at=START - DAY)
    await lent(world)
    assert (await world.vote("omar", (await world.opened()).request_id)).state == "APPROVED"
