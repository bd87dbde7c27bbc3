"""Somebody can write the store and wants an approval that nobody gave. Whatever they write, nothing is executed.

Each attack edits rows with plain SQL, as somebody with the database's password would; none has the key that seals
payloads and makes MACs. On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from clinic import DAY, ONE, TWO, Clock, open_world
from lockgate.action import canonical
from lockgate.audit import SigningKey
from lockgate.services.approvals import Execution, Opened, Refusal
from lockgate.services.log import Log
from lockgate.store import KeyRing
from lockgate.store.tables import approvals as t
from lockgate.store.tables import log as logs

PAIR = {"pair": {"stages": [{"count": 2, "group": "privacy"}], "decision_ttl_s": 28800, "grant_ttl_s": 3600}}


@pytest.fixture
async def world(store_url):
    async with open_world(store_url, KeyRing.generate(), Clock()) as opened:
        yield opened


async def write(world, *statements) -> None:
    def unit(conn):
        for statement in statements:
            conn.execute(statement)
        return None, []

    await world.store.transact(unit)


async def row_of(world, request_id: str) -> dict[str, Any]:
    query = select(t.requests).where(t.requests.c.id == request_id)
    return dict(await world.store.read(lambda conn: conn.execute(query).one()._mapping))


async def rows_of(world, table, request_id: str) -> list[dict[str, Any]]:
    query = select(table).where(table.c.request == request_id)
    return [dict(row._mapping) for row in await world.store.read(lambda conn: conn.execute(query).all())]


async def restore(world, row: dict[str, Any]) -> None:
    await write(world, update(t.requests).where(t.requests.c.id == row["id"]).values(**row))


async def edit(world, request_id: str, change: Callable[[dict[str, Any]], None], column: str = "state") -> None:
    """Change the JSON in a column, and the status beside it to what the state then says."""
    row = await row_of(world, request_id)
    body = json.loads(row[column])
    change(body)
    values = {column: canonical(body).decode()}
    if column == "state":
        values["status"] = body["status"]
    await write(world, update(t.requests).where(t.requests.c.id == request_id).values(**values))


def approved(state: dict[str, Any]) -> None:
    state["status"] = "APPROVED"
    state["use_by_at"] = state["created_at"] + DAY


def vote(person: str) -> dict[str, Any]:
    return {
        "person": f"local:{person}",
        "human": f"local:{person}",
        "ids": [f"local:{person}"],
        "groups": ["privacy"],
        "approve": True,
        "at": 1_800_000_000_000_000,
        "step_up": None,
        "reason": "ok",
    }


async def nothing_runs(world, request_id: str, action: Any = None) -> None:
    """Refused with its code, said in the log, void for everybody, and no intent."""
    refused = await world.consume(request_id, action)
    assert isinstance(refused, Refusal), refused
    assert (refused.code, refused.request_id) == ("LG005", request_id)
    found = await world.events()
    assert "intent" not in [kind for kind, _ in found]
    assert [body["request"] for kind, body in found if kind == "store.disbelieved"] == [request_id]
    assert await world.state(request_id) == "INVALIDATED"
    assert isinstance(await world.consume(request_id, action), Refusal)


async def test_an_untouched_request_runs(world):
    """The measure of all others: without an attack the very same steps execute."""
    opened = await world.opened(world.proposal(**PAIR))
    await world.vote("rita", opened.request_id)
    await world.vote("petra", opened.request_id)
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_a_status_set_to_approved(world):
    opened = await world.opened()
    await write(world, update(t.requests).values(status="APPROVED"))
    await nothing_runs(world, opened.request_id)


async def test_a_whole_state_set_to_approved(world):
    opened = await world.opened()
    await edit(world, opened.request_id, approved)
    await nothing_runs(world, opened.request_id)


async def test_an_inserted_vote(world):
    opened = await world.opened()

    def change(state):
        approved(state)
        state["votes"] = [vote("rita")]

    await edit(world, opened.request_id, change)
    await nothing_runs(world, opened.request_id)


async def test_a_vote_inserted_for_a_real_one_to_complete(world):
    opened = await world.opened(world.proposal(**PAIR))
    await edit(world, opened.request_id, lambda state: state["votes"].append(vote("rita")))
    refused = await world.vote("petra", opened.request_id)
    assert isinstance(refused, Refusal)
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"
    assert "intent" not in dict(await world.events())


async def test_a_votes_person_replaced(world):
    """By somebody who is not in the conflict set, after the voter turned out to be."""
    opened = await world.approved()
    await edit(
        world,
        opened.request_id,
        lambda state: state["votes"][0].update(person="local:petra", human="local:petra", ids=["local:petra"]),
    )
    world.loosened.add("local:rita")
    await nothing_runs(world, opened.request_id)


async def test_a_conflict_set_emptied(world):
    opened = await world.opened()
    await edit(world, opened.request_id, lambda state: state.update(conflicts={}))
    assert isinstance(await world.vote("ana", opened.request_id), Refusal)
    assert isinstance(await world.consume(opened.request_id), Refusal)


async def test_stages_taken_away(world):
    opened = await world.opened(world.proposal(**{"two-person": TWO}))

    def change(state):
        state["quorums"][0]["stages"] = [{"count": 1, "group": "privacy"}]

    await edit(world, opened.request_id, change)
    assert isinstance(await world.vote("rita", opened.request_id), Refusal)
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "INVALIDATED"


async def test_a_profile_swapped_in_the_envelope(world):
    opened = await world.approved()
    await edit(world, opened.request_id, lambda envelope: envelope["profiles"]["one-reviewer"].update(x=1), "envelope")
    await nothing_runs(world, opened.request_id)


async def test_more_classes_to_reveal(world):
    opened = await world.approved()
    await edit(world, opened.request_id, lambda facts: facts.update(revealed=["ssn"], masked=[]), "facts")
    await nothing_runs(world, opened.request_id)


async def test_another_view_for_the_reviewer(world):
    opened = await world.opened()
    await edit(world, opened.request_id, lambda view: view.update(sentence="bot wants to count rows"), "view")
    assert await world.state(opened.request_id) == "INVALIDATED"
    assert isinstance(await world.vote("rita", opened.request_id), Refusal)


async def test_payloads_swapped_between_two_approved_requests(world):
    other = world.action(b"drop table patients")
    one, two = await world.approved(), await world.approved(world.proposal(other))
    first, second = [(await rows_of(world, t.payloads, r.request_id))[0]["sealed"] for r in (one, two)]
    await write(
        world,
        update(t.payloads).where(t.payloads.c.request == one.request_id).values(sealed=second),
        update(t.payloads).where(t.payloads.c.request == two.request_id).values(sealed=first),
    )
    await nothing_runs(world, one.request_id)
    assert isinstance(await world.consume(two.request_id, other), Refusal)


async def test_one_request_put_into_the_place_of_another(world):
    """Approved is the harmless one; its state, history and payload are moved under the other's id."""
    other = world.action(b"drop table patients")
    harmless, wanted = await world.approved(), await world.opened(world.proposal(other))
    row = await row_of(world, harmless.request_id)
    kept = await rows_of(world, t.request_events, harmless.request_id)
    state = json.loads(row["state"]) | {"id": wanted.request_id}
    await write(
        world,
        update(t.requests)
        .where(t.requests.c.id == wanted.request_id)
        .values(status="APPROVED", state=canonical(state).decode()),
        delete(t.request_events).where(t.request_events.c.request == wanted.request_id),
        insert(t.request_events).values([{**record, "request": wanted.request_id} for record in kept]),
    )
    await nothing_runs(world, wanted.request_id, other)


async def test_a_deny_deleted(world):
    """The row as it was before the deny, and the deny's record gone; then a real vote completes the pair."""
    opened = await world.opened(world.proposal(**PAIR))
    await world.vote("rita", opened.request_id)
    before = await row_of(world, opened.request_id)
    records = len(await rows_of(world, t.request_events, opened.request_id))
    await world.vote("petra", opened.request_id, approve=False)
    assert await world.state(opened.request_id) == "DENIED"
    beyond = (t.request_events.c.request == opened.request_id) & (t.request_events.c.number > records)
    await write(world, delete(t.request_events).where(beyond))
    await restore(world, before)
    await world.vote("petra", opened.request_id)
    assert await world.state(opened.request_id) == "APPROVED", "the history alone cannot know"
    await nothing_runs(world, opened.request_id)


async def test_an_older_row_restored_would_use_the_grant_twice(world):
    opened = await world.approved()
    before = await row_of(world, opened.request_id)
    assert isinstance(await world.consume(opened.request_id), Execution)
    await restore(world, before)
    again = await world.consume(opened.request_id)
    assert isinstance(again, Refusal)
    assert again.code == "LG005"
    assert [kind for kind, _ in await world.events()].count("intent") == 1


async def spent_and_rewound(world) -> Opened:
    """A grant used once; then its row and its history as they were before."""
    opened = await world.approved()
    before = await row_of(world, opened.request_id)
    records = len(await rows_of(world, t.request_events, opened.request_id))
    assert isinstance(await world.consume(opened.request_id), Execution)
    beyond = (t.request_events.c.request == opened.request_id) & (t.request_events.c.number > records)
    await write(world, delete(t.request_events).where(beyond))
    await restore(world, before)
    assert await world.state(opened.request_id) == "APPROVED"
    return opened


async def test_a_grant_unspent_in_row_and_history(world):
    opened = await spent_and_rewound(world)
    again = await world.consume(opened.request_id)
    assert isinstance(again, Refusal)
    assert again.code == "LG005"
    assert [kind for kind, _ in await world.events()].count("intent") == 1


async def test_a_grant_unspent_in_the_log_too(world):
    """The signed log has a gap where its events were."""
    log = Log(world.store, SigningKey.from_seed("test.lockgate", b"t" * 32), world.clock)
    opened = await spent_and_rewound(world)
    await log.sequence()
    spent = logs.events.c.type.in_(["grant.consumed", "intent", "request.changed"])
    await write(world, delete(logs.events).where(spent))
    again = await world.consume(opened.request_id)
    assert isinstance(again, Refusal)
    assert again.code == "LG005"
    assert dict(await world.events())["store.disbelieved"]["why"] == "events are gone from the log"


async def test_a_forged_event_has_no_mac(world):
    opened = await world.opened()
    last = (await rows_of(world, t.request_events, opened.request_id))[-1]
    body = json.loads(bytes(last["body"]))
    body |= {"number": last["number"] + 1, "event": {"type": "Covered", "votes": [vote("rita")], "waiting": True}}
    forged = {**last, "number": last["number"] + 1, "body": canonical(body)}
    await write(world, insert(t.request_events).values(forged))
    await edit(world, opened.request_id, approved)
    await nothing_runs(world, opened.request_id)


async def test_no_history_at_all(world):
    opened = await world.approved()
    await write(world, delete(t.request_events))
    await nothing_runs(world, opened.request_id)


@pytest.mark.parametrize("garbage", ["", "{}", "null", "[1]", '{"status": "APPROVED"}'])
async def test_a_row_that_cannot_be_read(world, garbage):
    opened = await world.approved()
    await write(world, update(t.requests).values(state=garbage))
    assert isinstance(await world.approvals.list(), list), "one bad row does not hide the others"
    await nothing_runs(world, opened.request_id)


async def test_a_void_request_does_not_bar_a_new_one(world):
    opened = await world.approved()
    await write(world, delete(t.request_events))
    await world.consume(opened.request_id)
    again = await world.opened()
    assert again.request_id != opened.request_id
    await world.vote("rita", again.request_id)
    assert isinstance(await world.consume(again.request_id), Execution)


async def test_a_standing_grant_with_wider_terms_or_more_uses(world):
    proposal = world.proposal(**{"one-reviewer": ONE})
    grant = await world.approvals.propose_standing(proposal, max_uses=1, ttl_s=3600)
    await world.vote("rita", grant.request_id)
    await edit(world, grant.request_id, lambda facts: facts.update(max_uses=100), "facts")
    wanted = await world.opened(world.proposal(world.action(b"another statement")))
    assert wanted.state == "PENDING", "what was not approved covers nothing"
    assert await world.state(grant.request_id) == "INVALIDATED"


async def test_a_clock_set_back_does_not_revive_what_has_lapsed(world):
    opened = await world.approved()
    world.clock.sleep(301)
    await world.approvals.sweep()
    world.clock.sleep(-300)
    assert isinstance(await world.consume(opened.request_id), Refusal)
    assert await world.state(opened.request_id) == "LAPSED"


async def test_a_store_without_histories_is_voided_when_the_server_starts(world):
    """As an upgrade finds it: what is open is void and an event says so; what has ended stays as it ended."""
    done = await world.approved()
    execution = await world.consume(done.request_id)
    await world.approvals.finish(execution.execution_id, "SUCCEEDED", 1, 1)
    waiting = await world.opened(world.proposal(world.action(b"another statement")))
    await write(world, delete(t.request_events))
    await world.approvals.recover()
    assert await world.state(waiting.request_id) == "INVALIDATED"
    assert await world.state(done.request_id) == "SUCCEEDED"
    told = [body for kind, body in await world.events() if kind == "store.disbelieved"]
    assert told == [
        {"request": waiting.request_id, "claimed": "PENDING", "why": "it has no events under a MAC"},
    ]


async def test_a_key_that_was_rotated_still_vouches_for_what_it_made(world):
    opened = await world.approved()
    world.approvals.desk.keys = KeyRing.parse(world.approvals.desk.keys.rotated())
    assert isinstance(await world.consume(opened.request_id), Execution)


async def test_another_key_vouches_for_nothing(world):
    opened = await world.approved()
    world.approvals.desk.keys = KeyRing.generate()
    refused = await world.consume(opened.request_id)
    assert isinstance(refused, Refusal)
    assert refused.code == "LG005"
