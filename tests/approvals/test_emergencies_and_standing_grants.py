"""Break glass with its due review; standing grants with their terms."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from lockgate.action import Decision, Effect, Kind, Principal, Question, Requester
from lockgate.services.approvals import Execution, Glass, Opened, Refusal, RequestView, Voter
from lockgate.services.views import CHANNEL, MASKING, RENDERER

DOC = Requester(Principal("local", "doc", Kind.HUMAN), "login", "10.0.0.3")
STRONG = Voter("local:doc", True, False, step_up="totp")
SSN = frozenset({"ssn", "name"})


async def broken(world, requester=DOC, **changes):
    wanted = {"voter": STRONG, "connection": "clinic", "classes": SSN, "reason": "coding in bed four"}
    return await world.approvals.break_glass(requester, **(wanted | changes))


def emergency(world, **changes):
    return world.action(b"select ssn from patients", **({"requester": DOC, "reveal": SSN} | changes))


async def use(world, glass, action=None):
    action = action or emergency(world)
    return await world.approvals.record(action, world.allow(action)(frozenset({"x"})), glass_id=glass.request_id)


async def test_a_glass_opens_one_connection_and_the_named_classes(world):
    glass = await broken(world)
    assert isinstance(glass, Glass)
    assert await world.approvals.open_glass(DOC, "clinic", SSN) == glass
    assert await world.approvals.open_glass(DOC, "billing", SSN) is None
    assert await world.approvals.open_glass(DOC, "clinic", frozenset({"mrn"})) is None
    assert isinstance(await use(world, glass), Execution)
    wider = emergency(world, classes=frozenset({"mrn"}), reveal=frozenset({"mrn"}))
    assert isinstance(await use(world, glass, wider), Refusal)


async def test_what_policy_forbids_stays_forbidden(world):
    glass = await broken(world)
    action = emergency(world)
    forbidden = world.allow(action)(frozenset())
    assert isinstance(await world.approvals.record(action, forbidden, glass_id=glass.request_id), Refusal)


async def test_it_needs_a_human_in_the_role_with_a_proof_and_a_reason(world):
    assert isinstance(await broken(world, voter=replace(STRONG, step_up=None)), Refusal)
    assert isinstance(await broken(world, reason="  "), Refusal)
    assert isinstance(await broken(world, classes=frozenset()), Refusal)
    assert isinstance(await broken(world, voter=replace(STRONG, token_has_act=True)), Refusal)
    assert isinstance(await broken(world, voter=Voter("local:rita", True, False, "totp")), Refusal)
    bot = world.action().requester
    assert isinstance(await broken(world, requester=bot), Refusal)
    rita = Requester(Principal("local", "rita", Kind.HUMAN), "login")
    assert isinstance(await broken(world, requester=rita, voter=Voter("local:rita", True, False, "totp")), Refusal)


async def test_it_closes_after_an_hour_and_two_others_review_it(world):
    glass = await broken(world, ttl_s=10 * 3600)
    world.clock.sleep(3601)
    assert isinstance(await use(world, glass), Refusal)
    await world.approvals.sweep()
    assert await world.state(glass.request_id) == "REVIEW_DUE"
    world.directory.change("doc", groups={"break-glass": 0, "privacy": 0})
    assert isinstance(await world.vote("doc", glass.request_id), Refusal)
    await world.vote("rita", glass.request_id)
    assert await world.state(glass.request_id) == "REVIEW_DUE"
    assert isinstance(await world.vote("rita", glass.request_id), Refusal)
    await world.vote("petra", glass.request_id)
    assert await world.state(glass.request_id) == "REVIEWED"


async def test_one_reviewer_who_finds_it_unjustified_makes_it_a_violation(world):
    glass = await broken(world)
    world.clock.sleep(3601)
    await world.approvals.sweep()
    await world.vote("rita", glass.request_id)
    await world.vote("petra", glass.request_id, approve=False, reason="not on shift")
    assert await world.state(glass.request_id) == "VIOLATION"


async def test_an_unreviewed_glass_is_flagged_after_a_day(world):
    glass = await broken(world)
    world.clock.sleep(24 * 3600)
    await world.approvals.sweep()
    await world.approvals.sweep()
    assert (await world.approvals.get(glass.request_id)).overdue
    assert [kind for kind, _ in await world.events()].count("review.overdue") == 1


async def test_a_glass_for_one_action_serves_once(world):
    glass = await broken(world, only=emergency(world))
    assert isinstance(await use(world, glass, world.action(b"another", requester=DOC)), Refusal)
    assert isinstance(await use(world, glass), Execution)
    assert isinstance(await use(world, glass), Refusal)
    assert await world.state(glass.request_id) == "REVIEW_DUE"


async def test_whoever_broke_it_may_close_it_and_nobody_else(world):
    glass = await broken(world)
    assert isinstance(await world.approvals.close_glass(glass.request_id, by="local:rita"), Refusal)
    assert (await world.approvals.close_glass(glass.request_id, by="local:doc")).state == "REVIEW_DUE"
    assert isinstance(await use(world, glass), Refusal)


async def test_without_two_reviewers_there_is_no_glass(world):
    world.directory.change("petra", active=False)
    world.directory.change("ana", active=False)
    assert isinstance(await broken(world), Refusal)


async def test_its_view_says_what_made_it(world):
    glass = await broken(world)
    body = (await world.approvals.get(glass.request_id)).view
    assert (body["version"], body["masking"], body["channel"]) == (RENDERER, MASKING, CHANNEL)


async def test_the_kill_switch_stops_a_broken_glass_too(world):
    glass = await broken(world)
    await world.approvals.kill_switch(True, by=Voter("local:root", True, False), reason="")
    assert isinstance(await use(world, glass), Refusal)


async def test_nothing_begins_behind_the_kill_switch_among_many_at_once(world):
    """Also where they share one transaction: what one of them has looked up is not believed after it was changed."""
    reading = world.action(questions=(Question("sql.select", "clinic/public.patients"),))
    await world.approvals.recover()  # as at every start: it puts down the row that the others lock
    allowed = Decision(Effect.ALLOW, reading.classes, frozenset(), (), (), "p" * 64)

    async def read() -> object:
        return await world.approvals.record(reading, allowed)

    stop = world.approvals.kill_switch(True, by=Voter("local:root", True, False), reason="")
    done = await asyncio.gather(*(read() for _ in range(20)), stop, *(read() for _ in range(20)))

    kinds = [kind for kind, _ in await world.events()]
    begun = [one for one in done if isinstance(one, Execution)]
    assert kinds.count("intent") == len(begun)
    assert "intent" not in kinds[kinds.index("kill_switch") :]
    assert isinstance(await read(), Refusal)


async def standing(world, uses=2, ttl_s=3600):
    opened = await world.approvals.propose_standing(world.proposal(), max_uses=uses, ttl_s=ttl_s)
    assert isinstance(opened, Opened)
    return opened


async def test_a_standing_grant_covers_what_is_within_its_terms_and_counts(world):
    grant = await standing(world)
    assert (await world.vote("rita", grant.request_id)).state == "APPROVED"
    for payload in (b"copy one", b"copy two"):
        opened = await world.opened(world.proposal(world.action(payload)))
        assert opened.state == "APPROVED"
        assert isinstance(await world.consume(opened.request_id, world.action(payload)), Execution)
    third = await world.opened(world.proposal(world.action(b"copy three")))
    assert third.state == "PENDING", "two uses, not three"
    assert [kind for kind, _ in await world.events()].count("standing.used") == 2


async def test_what_is_outside_the_terms_asks_people(world):
    grant = await standing(world)
    await world.vote("rita", grant.request_id)
    other = (Question("sql.export", "clinic/public.notes"),)
    for action in (
        world.action(b"x", classes=frozenset({"name", "mrn"})),
        world.action(b"x", reveal=frozenset({"name"})),
        world.action(b"x", destination="s3://elsewhere"),
        world.action(b"x", questions=other),
        world.action(b"x", requester=replace(world.action().requester, client_address="10.9.9.9")),
    ):
        assert (await world.opened(world.proposal(action))).state == "PENDING"
    more_rows = replace(world.proposal(world.action(b"y")), estimated_rows=10**6)
    assert (await world.opened(more_rows)).state == "PENDING"
    hidden = replace(more_rows.view_facts, uninspectable="it runs code")
    code = replace(world.proposal(world.action(b"code")), view_facts=hidden)
    assert (await world.opened(code)).state == "PENDING", "what nobody can look into is inside of nothing"
    for statement in ("6" * 64, ""):
        other_words = replace(world.proposal(world.action(b"z" + statement.encode())), statement=statement)
        assert (await world.opened(other_words)).state == "PENDING"


async def test_a_standing_grant_lasts_at_most_eight_hours_and_is_revocable(world):
    grant = await standing(world, ttl_s=10**6)
    await world.vote("rita", grant.request_id)
    world.clock.sleep(8 * 3600)
    assert (await world.opened(world.proposal(world.action(b"late")))).state == "PENDING"

    second = await standing(world)
    await world.vote("rita", second.request_id)
    pending_use = await world.opened(world.proposal(world.action(b"early")))
    assert isinstance(await world.approvals.withdraw(second.request_id, "local:ana"), RequestView)
    refused = await world.consume(pending_use.request_id, world.action(b"early"))
    assert isinstance(refused, Refusal)
    assert "standing grant is over" in refused.message


async def test_two_uses_cannot_be_had_at_once_from_the_last_one(world):
    grant = await standing(world, uses=1)
    await world.vote("rita", grant.request_id)
    first = await world.opened(world.proposal(world.action(b"a")))
    second = await world.opened(world.proposal(world.action(b"b")))
    assert isinstance(await world.consume(first.request_id, world.action(b"a")), Execution)
    assert isinstance(await world.consume(second.request_id, world.action(b"b")), Refusal)


async def test_a_standing_grant_itself_is_never_executed(world):
    grant = await standing(world)
    await world.vote("rita", grant.request_id)
    assert isinstance(await world.consume(grant.request_id), Refusal)
