"""Separation of duties at the service: each way somebody might decide about their own doing is closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clinic import Person
from lockgate.action import Kind, Principal, Requester
from lockgate.services.approvals import Opened, Refusal, RequestView, Voter

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
START = 1_800_000_000 * SECOND


async def refused(world, name, opened, **session):
    result = await world.vote(name, opened.request_id, **session)
    assert isinstance(result, Refusal), result
    assert await world.state(opened.request_id) == "PENDING"
    return result.message


async def test_the_owner_of_the_agent_may_not_approve_and_is_told_why(world):
    assert "you own an agent" in await refused(world, "ana", await world.opened())


async def test_a_person_may_not_approve_what_they_asked(world):
    rita = Principal("local", "rita", Kind.HUMAN)
    opened = await world.opened(world.proposal(world.action(requester=Requester(rita, "login"))))
    assert "you asked for it" in await refused(world, "rita", opened)


async def test_nor_what_is_done_on_their_behalf(world):
    requester = replace(world.action().requester, on_behalf_of=Principal("local", "rita", Kind.HUMAN))
    opened = await world.opened(world.proposal(world.action(requester=requester)))
    assert "on your behalf" in await refused(world, "rita", opened)


async def test_nor_an_owner_of_last_week(world):
    world.directory.past_owners["local:bot"] = [("local:rita", START - 7 * DAY)]
    assert "within 30 days" in await refused(world, "rita", await world.opened())


async def test_an_owner_of_two_months_ago_may(world):
    world.directory.past_owners["local:bot"] = [("local:rita", START - 60 * DAY)]
    opened = await world.opened()
    assert isinstance(await world.vote("rita", opened.request_id), RequestView)


async def test_nor_who_was_shown_the_credential(world):
    world.directory.credentials["key-1"] = frozenset({"local:rita"})
    assert "credential" in await refused(world, "rita", await world.opened())


async def test_nor_by_a_linked_account(world):
    world.directory.change("rita", linked=frozenset({"local:ana"}))
    assert "you own an agent" in await refused(world, "rita", await world.opened())


async def test_an_admin_who_made_a_voter_today_may_not_approve(world):
    world.directory.change("rita", created_at=START - HOUR * 3, created_by="local:petra")
    opened = await world.opened()
    assert "created a voter's account" in await refused(world, "petra", opened)
    assert isinstance(await world.vote("rita", opened.request_id), RequestView)


async def test_nor_who_moved_a_voter_after_the_request_was_made(world):
    opened = await world.opened()
    world.directory.change("rita", changed_by=(("local:petra", START, "analysts"),))
    assert "changed a voter's groups" in await refused(world, "petra", opened)


async def test_nor_who_took_the_other_voters_away_today(world):
    world.directory.change("rita", groups={}, changed_by=(("local:petra", START - HOUR, "privacy"),))
    person = Person("local:pia", Kind.HUMAN, {"privacy": START - DAY * 60})
    world.directory.everyone[person.id] = person
    opened = await world.opened()
    assert "changed a voter's groups" in await refused(world, "petra", opened)
    assert isinstance(await world.vote("pia", opened.request_id), RequestView)


async def test_who_took_somebody_out_of_another_group_may(world):
    world.directory.change("omar", changed_by=(("local:petra", START - HOUR, "analysts"),))
    opened = await world.opened()
    assert isinstance(await world.vote("petra", opened.request_id), RequestView)


async def test_nor_who_loosened_a_rule_today(world):
    world.loosened.add("local:rita")
    assert "loosened" in await refused(world, "rita", await world.opened())


async def test_an_agent_never_votes(world):
    world.directory.change("bot", groups={"privacy": START - DAY})
    requester = Requester(Principal("local", "ana", Kind.HUMAN), "login")
    opened = await world.opened(world.proposal(world.action(requester=requester)))
    assert "never vote" in await refused(world, "bot", opened)


async def test_a_connection_token_or_one_that_acts_for_somebody_never_votes(world):
    opened = await world.opened()
    assert "interactive" in await refused(world, "rita", opened, interactive=False)
    assert "never votes" in await refused(world, "rita", opened, token_has_act=True)


async def test_a_vote_binds_to_what_was_seen(world):
    opened = await world.opened()
    shown = await world.approvals.get(opened.request_id)
    result = await world.approvals.vote(
        opened.request_id,
        voter=Voter("local:rita", True, False),
        approve=True,
        reason="",
        action_digest=shown.action_digest,
        view_digest="0" * 64,
    )
    assert isinstance(result, Refusal)


async def test_somebody_outside_the_groups_has_no_say(world):
    assert "none of the groups" in await refused(world, "omar", await world.opened())


async def test_a_new_member_does_not_vote_for_an_hour(world):
    opened = await world.opened()
    world.directory.change("omar", groups={"privacy": START - HOUR // 2})
    assert "none of the groups" in await refused(world, "omar", opened)
    world.clock.sleep(1801)
    assert isinstance(await world.vote("omar", opened.request_id), RequestView)


async def test_on_the_first_evening_there_is_no_cooling_off(world):
    for person in list(world.directory.everyone.values()):
        fresh = dict.fromkeys(person.groups, START - HOUR // 4)
        name = person.id.removeprefix("local:")
        world.directory.change(name, created_at=START - HOUR // 2, created_by="", groups=fresh)
    opened = await world.opened()
    assert isinstance(await world.vote("rita", opened.request_id), RequestView)


async def test_voters_come_from_one_issuer(world):
    stranger = replace(world.directory.everyone["local:rita"], id="elsewhere:rita")
    world.directory.everyone["elsewhere:rita"] = stranger
    opened = await world.opened()
    shown = await world.approvals.get(opened.request_id)
    result = await world.approvals.vote(
        opened.request_id,
        voter=Voter("elsewhere:rita", True, False),
        approve=True,
        reason="",
        action_digest=shown.action_digest,
        view_digest=shown.view_digest,
    )
    assert "another issuer" in result.message


async def test_what_nobody_could_approve_is_refused_at_once_naming_who_and_why(world):
    world.directory.change("rita", active=False)
    world.directory.change("petra", active=False)
    result = await world.approvals.propose(world.proposal())
    assert isinstance(result, Refusal)
    assert result.code == "LG004"
    assert "local:ana (they own an agent or service in it)" in result.message
    assert "local:rita (the account is not active)" in result.message
    assert [kind for kind, _ in await world.events()] == ["decision"]


async def test_two_slots_whose_only_member_is_the_same_human_cannot_be_filled(world):
    world.directory.change("rita", active=False)
    world.directory.change("omar", active=False)
    two = {"stages": [{"count": 1, "group": "privacy"}, {"count": 1, "group": "data-owner"}]}
    result = await world.approvals.propose(world.proposal(None, **{"two-person": two}))
    assert isinstance(result, Refusal)


async def test_two_people_in_order_and_nobody_twice(world):
    two = {"stages": [{"count": 1, "group": "privacy"}, {"count": 1, "group": "data-owner"}]}
    opened = await world.opened(world.proposal(None, **{"two-person": two}))
    assert "not your turn" in await refused(world, "omar", opened)
    await world.vote("petra", opened.request_id)
    assert "voted on this already" in await refused(world, "petra", opened)
    done = await world.vote("omar", opened.request_id)
    assert done.state == "APPROVED"


async def test_the_only_one_who_can_serve_later_is_kept_for_later(world):
    world.directory.change("omar", active=False)
    two = {"stages": [{"count": 1, "group": "privacy"}, {"count": 1, "group": "data-owner"}]}
    opened = await world.opened(world.proposal(None, **{"two-person": two}))
    assert "later stage" in await refused(world, "petra", opened)
    await world.vote("rita", opened.request_id)
    assert (await world.vote("petra", opened.request_id)).state == "APPROVED"


async def test_a_profile_with_a_passkey_needs_the_passkey(world):
    profile = {"stages": [{"count": 1, "group": "privacy"}], "step_up": "passkey"}
    opened = await world.opened(world.proposal(None, **{"strong": profile}))
    assert "passkey" in await refused(world, "rita", opened)
    assert (await world.vote("rita", opened.request_id, step_up="passkey")).state == "APPROVED"


async def test_an_edit_makes_a_child_that_its_editor_may_not_approve(world):
    opened = await world.opened()
    narrower = world.proposal(world.action(b"copy (select id from patients limit 10) to stdout"))
    child = await world.approvals.edit(opened.request_id, editor=Voter("local:rita", True, False), proposal=narrower)
    assert isinstance(child, Opened)
    assert await world.state(opened.request_id) == "SUPERSEDED"
    assert "you edited it" in await refused(world, "rita", child)
    shown = await world.approvals.get(child.request_id)
    assert shown.parent == opened.request_id
    assert (await world.vote("petra", child.request_id)).state == "APPROVED"


async def test_an_edit_by_a_bystander_or_for_another_requester_is_refused(world):
    opened = await world.opened()
    editor = Voter("local:omar", True, False)
    assert isinstance(await world.approvals.edit(opened.request_id, editor=editor, proposal=world.proposal()), Refusal)
    other = world.action(requester=Requester(Principal("local", "omar", Kind.HUMAN), "login"))
    result = await world.approvals.edit(
        opened.request_id, editor=Voter("local:rita", True, False), proposal=world.proposal(other)
    )
    assert isinstance(result, Refusal)
    assert await world.state(opened.request_id) == "PENDING"


@pytest.mark.parametrize("name", ["petra", "root"])
async def test_an_admin_has_no_say_by_being_admin(world, name):
    world.directory.change("petra", groups={"admins": START - 60 * DAY})
    assert "none of the groups" in await refused(world, name, await world.opened())


async def test_every_refused_ballot_is_in_the_log(world):
    opened = await world.opened()
    await world.vote("ana", opened.request_id)
    votes = [body for kind, body in await world.events() if kind == "vote"]
    assert votes[0]["counted"] is False
    assert "local:ana" in votes[0]["conflicts"]
