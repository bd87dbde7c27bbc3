"""Edits, batches, standing grants, lent places, escalation and the broken glass as ways to approve oneself, over the
API and against the running gateway: each must be refused, and nothing executed."""

from __future__ import annotations

import json

import pytest

from api import Api
from support import PASSWORD, start_gate, stop_gate, tried

DONE = "UPDATE task SET done = true WHERE id = 11"
OTHER = "UPDATE task SET done = true WHERE id = 12"
ALL = "UPDATE task SET done = true"


@pytest.fixture(autouse=True)
def nothing_done(hospital):
    hospital.superuser("UPDATE task SET done = false")
    yield
    hospital.superuser("UPDATE task SET done = false")


def asked(gate, statement=DONE, *before):
    """The id of the request that the agent's trying makes."""
    assert tried(gate, statement, *before) == "LG001"
    return gate.pending()[0].id


def logged(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def undone(hospital):
    return hospital.superuser("SELECT count(*) FROM task WHERE done").strip() == "0"


# what a token may --------------------------------------------------------------------------------------------------
def test_a_connection_token_or_a_key_opens_none_of_these_doors(gate, api):
    request = asked(gate)
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    for token in (gate.token(), key, "lgs_forged"):
        for method, path in (
            ("POST", f"/requests/{request}/edit"),
            ("POST", "/batches"),
            ("GET", "/batches/batch_x"),
            ("POST", "/batches/batch_x/vote"),
            ("POST", "/standing"),
            ("GET", "/standing"),
            ("POST", f"/standing/{request}/revoke"),
        ):
            assert api("", method, path, {}, token=token).status_code == 401, path


# editing -----------------------------------------------------------------------------------------------------------
def edit(api, person, request, statement):
    return api.did(person, "POST", f"/requests/{request}/edit", {"statement": statement})["request"]


def test_an_editor_cannot_approve_what_they_wrote(gate, api, hospital):
    gate.call(gate.assembly.accounts.create_user("pia", PASSWORD, by="init", groups=["privacy"]))
    child = edit(api, "rita", asked(gate), ALL)
    assert "you edited it" in api.vote("rita", child).json()["title"]
    grandchild = edit(api, "paul", child, OTHER)
    for person in ("rita", "paul"):
        assert api.vote(person, grandchild).status_code == 409, "an earlier editor stays one"
    assert tried(gate, OTHER) == "LG001"
    assert undone(hospital)


def test_what_an_editor_wrote_does_not_become_theirs_to_approve_by_being_asked_again(gate, api):
    child = edit(api, "rita", asked(gate), ALL)
    api.did("ana", "POST", f"/requests/{child}/withdraw")
    again = asked(gate, ALL)
    assert again != child
    assert "you edited it" in api.vote("rita", again).json()["title"]


def test_an_approval_of_the_parent_is_none_of_the_child(gate, api, hospital):
    request = asked(gate)
    body = {key: api.did("rita", "GET", f"/requests/{request}")[key] for key in ("action_digest", "view_digest")}
    child = edit(api, "ana", request, ALL)
    for name in (request, child):
        vote = api("rita", "POST", f"/requests/{name}/vote", {**body, "approve": True, "reason": "x"})
        assert vote.status_code == 409
    assert tried(gate, ALL) == "LG001"
    assert undone(hospital)


def test_an_edit_does_not_shake_off_whoever_was_asked_besides(gate, api, hospital):
    request = asked(gate)
    api.did("rita", "POST", f"/requests/{request}/escalate", {"group": "data-owner"})
    child = edit(api, "ana", request, OTHER)
    api.vote("rita", child)
    assert api.state(child) == "PENDING"
    assert tried(gate, OTHER) == "LG001"
    assert undone(hospital)
    api.vote("dora", child)
    assert tried(gate, OTHER) == ""


def test_an_edit_into_what_was_just_denied_is_denied(gate, api):
    api.vote("rita", asked(gate, ALL), approve=False)
    assert "denied exactly this" in api.refused("ana", "POST", f"/requests/{asked(gate)}/edit", {"statement": ALL})


def test_a_bystander_edits_nothing_and_learns_nothing_of_the_schema(gate, api):
    title = api.refused("alf", "POST", f"/requests/{asked(gate)}/edit", {"statement": "SELECT nothing FROM patient"})
    assert title == "only who asked or who decides may edit a request"


def test_an_edit_cannot_turn_into_what_policy_forbids(gate, api):
    assert "forbidden by policy" in api.refused(
        "ana", "POST", f"/requests/{asked(gate)}/edit", {"statement": "DROP TABLE task"}
    )


def test_an_editor_does_not_approve_what_they_wrote_as_a_standing_grant(gate, api, hospital):
    edit(api, "rita", asked(gate), OTHER)
    grant = api.standing(OTHER)
    assert "you edited it" in api.vote("rita", grant).json()["title"]
    assert tried(gate, OTHER) == "LG001"
    assert undone(hospital)


def test_who_was_asked_besides_is_asked_again_when_it_is_withdrawn_and_asked_anew(gate, api, hospital):
    request = asked(gate)
    api.did("rita", "POST", f"/requests/{request}/escalate", {"group": "data-owner"})
    api.did("ana", "POST", f"/requests/{request}/withdraw")
    again = asked(gate)
    assert again != request
    assert api.vote("rita", again).json()["state"] == "PENDING"
    api.did("ana", "POST", f"/requests/{again}/withdraw")
    grant = api.standing()
    assert api.vote("rita", grant).json()["state"] == "PENDING", "nor by the door of a standing grant"
    assert tried(gate, DONE) == "LG001"
    assert undone(hospital)
    assert api.vote("dora", grant).json()["state"] == "APPROVED"


def test_what_was_escalated_and_done_is_not_escalated_for_ever(gate, api):
    request = asked(gate)
    api.did("rita", "POST", f"/requests/{request}/escalate", {"group": "data-owner"})
    for person in ("rita", "dora"):
        api.vote(person, request)
    assert tried(gate, DONE) == ""
    assert api.vote("rita", asked(gate)).json()["state"] == "APPROVED"


# batches -----------------------------------------------------------------------------------------------------------
def batch(api, *statements, person="ana"):
    body = {"connection": "clinic", "account": "local:bot", "statements": list(statements)}
    return api.did(person, "POST", "/batches", body)


def decide(api, person, made, view_digest, *requests):
    decisions = [{"request": name, "approve": True, "reason": "looked"} for name in requests]
    return api(person, "POST", f"/batches/{made['batch']}/vote", {"view_digest": view_digest, "decisions": decisions})


def test_a_batch_hides_no_item(gate, api, hospital):
    made = batch(api, DONE, ALL)
    one, two = (item["request"] for item in made["items"])
    shown = api.did("rita", "GET", f"/batches/{made['batch']}")
    assert [item["id"] for item in shown["items"]] == [one, two]
    assert {f"1 of 2: {one}", f"2 of 2: {two}"} <= set(shown["lines"])
    assert all(line.strip() in "\n".join(shown["lines"]) for item in shown["items"] for line in item["lines"])

    assert decide(api, "rita", made, shown["items"][0]["view_digest"], one, two).status_code == 409
    results = decide(api, "rita", made, shown["view_digest"], one).json()
    assert results[one]["state"] == "APPROVED"
    assert api.state(two) == "PENDING", "what was not named is not decided"
    assert tried(gate, ALL) == "LG001"
    assert undone(hospital)


def test_a_vote_on_a_batch_names_nothing_beyond_it(gate, api):
    outside = asked(gate, OTHER)
    made = batch(api, DONE, ALL)
    digest = api.did("rita", "GET", f"/batches/{made['batch']}")["view_digest"]
    assert decide(api, "rita", made, digest, made["items"][0]["request"], outside).status_code == 409
    assert {api.state(outside), api.state(made["items"][0]["request"])} == {"PENDING"}


def test_an_owner_decides_no_item_of_their_agents_batch(gate, api):
    made = batch(api, DONE)
    digest = api.did("ana", "GET", f"/batches/{made['batch']}")["view_digest"]
    request = made["items"][0]["request"]
    assert "you may not approve this" in decide(api, "ana", made, digest, request).json()[request]["refused"]
    assert api.state(request) == "PENDING"


def test_a_batch_or_a_grant_is_asked_for_ones_own_agents_only(gate, api):
    body = {"connection": "clinic", "account": "local:bot"}
    assert "agent of yours" in api.refused("alf", "POST", "/batches", body | {"statements": [DONE]})
    example = {"statement": DONE, "uses": 1, "minutes": 1}
    assert "agent of yours" in api.refused("rita", "POST", "/standing", body | example)
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).id
    gate.call(gate.assembly.accounts.revoke(key, by="local:root"))
    assert "agent of yours" in api.refused("ana", "POST", "/standing", body | example | {"key": key})


def test_the_same_statement_twice_in_a_batch_and_once_beside_it_runs_once(gate, api, hospital):
    statement = "INSERT INTO task (title) VALUES ('once')"
    beside = asked(gate, statement)
    made = batch(api, statement, statement)
    assert {item["request"] for item in made["items"]} == {beside}
    api.vote("rita", beside)
    racing = [gate.in_background(lambda: tried(gate, statement)) for _ in range(4)]
    assert [one.result() for one in racing].count("") == 1
    assert hospital.superuser("SELECT count(*) FROM task WHERE title = 'once'").strip() == "1"
    hospital.superuser("DELETE FROM task WHERE title = 'once'")


# standing grants ---------------------------------------------------------------------------------------------------
def test_a_standing_grant_is_not_approved_by_the_owner_who_asked_or_anybody_in_the_conflict_set(gate, api):
    accounts = gate.assembly.accounts
    gate.call(accounts.change_owners("local:bot", add=["local:paul"], by="local:root"))
    gate.call(accounts.change_owners("local:bot", remove=["local:paul"], by="local:root"))
    gate.call(accounts.change_groups("local:ana", join=["privacy"], by="init"))
    grant = api.standing()
    for person in ("ana", "paul"):
        assert "you may not approve this" in api.vote(person, grant).json()["title"]
    assert api.state(grant) == "PENDING"
    assert tried(gate, DONE) == "LG001"


def test_a_grant_asked_for_by_a_reviewer_is_for_another_to_approve(gate, api):
    gate.call(gate.assembly.accounts.create_agent("ritas-bot", ["local:rita"], by="local:rita", groups=["agents"]))
    grant = api.standing(person="rita", account="local:ritas-bot")
    assert api.vote("rita", grant).status_code == 409
    assert api.vote("paul", grant).status_code == 200


def test_another_agent_of_the_same_owner_does_not_use_it(gate, api, hospital):
    gate.call(gate.assembly.accounts.create_agent("twin", ["local:ana"], by="local:ana", groups=["agents"]))
    api.vote("rita", api.standing())
    assert tried(gate, DONE, user="twin", by="local:ana") == "LG001"
    assert tried(gate, DONE, by="local:root") == "LG001", "nor the agent with a token that somebody else minted"
    assert undone(hospital)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM task WHERE id = 11",
        "UPDATE task SET done = true WHERE title = (SELECT notes FROM encounter LIMIT 1)",
        ALL,
        "UPDATE task SET done = false WHERE id = 11 OR true",
        "UPDATE ward SET name = 'x'",
        "UPDATE task SET done = true; UPDATE ward SET name = 'x'",
        "COPY (SELECT id, name FROM patient) TO STDOUT",
    ],
)
def test_nothing_beyond_its_terms_runs(gate, api, hospital, statement):
    grant = api.standing()
    api.vote("rita", grant)
    assert tried(gate, statement) != ""
    assert api.did("rita", "GET", f"/standing/{grant}")["uses"] == 0
    assert undone(hospital)


def test_an_example_that_is_cut_grants_nothing_uncut(gate, api):
    api.vote("rita", api.standing(max_rows=5))
    assert tried(gate, DONE, "SET lockgate.max_rows = '5'") == ""
    assert tried(gate, DONE) == "LG001"
    assert tried(gate, OTHER, "SET lockgate.max_rows = '6'") == "LG001"


def test_two_that_race_for_the_last_use_have_it_once(gate, api, hospital):
    grant = api.standing("INSERT INTO task (title) VALUES ('example')", uses=1)
    api.vote("rita", grant)
    before = int(hospital.superuser("SELECT count(*) FROM task"))
    racing = [
        gate.in_background(lambda n=n: tried(gate, f"INSERT INTO task (title) VALUES ('race {n}')")) for n in range(4)
    ]
    ended = [one.result() for one in racing]
    assert ended.count("") == 1, ended
    assert int(hospital.superuser("SELECT count(*) FROM task")) == before + 1
    assert [body["request"] for body in logged(gate, "standing.used")] == [grant]
    assert api.did("rita", "GET", f"/standing/{grant}")["uses"] == 1


def test_each_use_is_logged_with_what_it_was_used_for(gate, api):
    grant = api.standing()
    api.vote("rita", grant)
    for number in (11, 12):
        assert tried(gate, f"UPDATE task SET done = true WHERE id = {number}") == ""
    assert tried(gate, "UPDATE task SET done = true WHERE id = 13") == "LG001", "two uses, not three"
    used = [body["used_by"] for body in logged(gate, "standing.used")]
    consumed = [body["request"] for body in logged(gate, "grant.consumed")]
    assert len(set(used)) == 2
    assert used == consumed


def test_nothing_is_used_after_it_was_revoked_by_either_side(gate, api, hospital):
    for person in ("ana", "paul"):
        grant = api.standing()
        api.vote("rita", grant)
        assert api("alf", "POST", f"/standing/{grant}/revoke", {"reason": "x"}).status_code == 409
        assert api.did(person, "POST", f"/standing/{grant}/revoke", {"reason": "enough"})["state"] == "REVOKED"
        assert tried(gate, DONE) == "LG001"
    assert undone(hospital)


def test_nothing_is_used_after_policy_became_stricter(gate, api, hospital):
    api.vote("rita", api.standing())
    folder = gate.assembly.policy.folder
    (folder / "stricter.cedar").write_text(
        '@id("no-writes")\nforbid (principal, action == Action::"sql.write", resource);\n'
    )
    gate.call(gate.assembly.reload_policy(by="local:root"))
    assert tried(gate, DONE) == "LG002"
    assert undone(hospital)


def test_an_approver_who_lost_the_group_carries_no_further_use(gate, api, hospital):
    api.vote("rita", api.standing())
    gate.call(gate.assembly.accounts.change_groups("local:rita", leave=["privacy"], by="local:root"))
    assert tried(gate, DONE) == "LG001"
    assert undone(hospital)


def test_a_denied_grant_is_not_asked_for_again_at_once(gate, api):
    api.vote("rita", api.standing(), approve=False)
    body = {"connection": "clinic", "account": "local:bot", "statement": DONE, "uses": 2, "minutes": 60}
    assert "denied exactly this" in api.refused("ana", "POST", "/standing", body)


def test_what_was_denied_once_is_not_asked_for_as_a_standing_grant(gate, api, hospital):
    api.vote("rita", asked(gate), approve=False)
    body = {"connection": "clinic", "account": "local:bot", "statement": DONE, "uses": 2, "minutes": 60}
    assert "denied exactly this" in api.refused("ana", "POST", "/standing", body)
    assert undone(hospital)


def test_a_denied_grant_may_still_be_asked_for_once_at_a_time(gate, api):
    api.vote("rita", api.standing(), approve=False)
    assert asked(gate)


@pytest.mark.parametrize("changed", [{"uses": 101}, {"uses": 0}, {"minutes": 481}, {"minutes": 0}])
def test_there_is_no_always(gate, api, changed):
    body = {"connection": "clinic", "account": "local:bot", "statement": DONE, "uses": 1, "minutes": 60}
    assert api("ana", "POST", "/standing", body | changed).status_code == 422


# lent places, escalation, the broken glass -------------------------------------------------------------------------
def test_a_place_that_is_lent_brings_the_lenders_conflicts(gate, api, hospital):
    gate.call(gate.assembly.accounts.change_groups("local:ana", join=["privacy"], by="init"))
    api.did("ana", "POST", "/delegations", {"receiver": "local:alf", "group": "privacy", "ttl_s": 3600})
    request = asked(gate)
    assert api.vote("alf", request).status_code == 409
    api.did("rita", "POST", "/delegations", {"receiver": "local:ana", "group": "privacy", "ttl_s": 3600})
    assert api.vote("ana", request).status_code == 409
    assert api.state(request) == "PENDING"
    assert undone(hospital)


def test_an_escalation_to_nobody_but_the_conflicted_is_refused_and_lowers_nothing(gate, api):
    gate.call(gate.assembly.accounts.change_groups("local:ana", join=["friends"], by="init"))
    request = asked(gate)
    assert "not enough people" in api.refused(
        "rita", "POST", f"/requests/{request}/escalate", {"group": "friends", "count": 1}
    )
    assert api.vote("ana", request).status_code == 409
    assert api.state(request) == "PENDING"


@pytest.mark.parametrize("group", ["data-owner", "privacy"])
def test_one_person_is_not_both_reviewer_and_who_was_escalated_to(gate, api, hospital, group):
    gate.call(gate.assembly.accounts.create_user("both", PASSWORD, by="init", groups=["privacy", "data-owner"]))
    request = asked(gate)
    api.did("rita", "POST", f"/requests/{request}/escalate", {"group": group})
    assert api.vote("both", request).json()["state"] == "PENDING"
    assert api.vote("both", request).status_code == 409
    assert tried(gate, DONE) == "LG001"
    assert undone(hospital)
    api.vote("dora" if group == "data-owner" else "rita", request)
    assert tried(gate, DONE) == ""


@pytest.mark.parametrize("way", ["deactivate", "groups"])
def test_who_took_the_other_reviewers_away_does_not_decide_alone(gate, api, hospital, way):
    gate.call(gate.assembly.accounts.create_user("adam", PASSWORD, by="init", groups=["admins", "privacy"]))
    for other in ("rita", "paul"):
        assert api("adam", "POST", f"/people/local:{other}/{way}", {"leave": ["privacy"]}).is_success
    assert tried(gate, DONE) == "LG004", "nobody is left who may"
    assert undone(hospital)


@pytest.mark.parametrize("way", ["reload", "restart"])
def test_who_loosened_the_policy_does_not_approve_what_it_lets_be_asked(hospital, tmp_path, way):
    gate = start_gate(hospital, tmp_path, "ai-agents")
    try:
        api = Api(gate)
        gate.call(gate.assembly.accounts.create_user("adam", PASSWORD, by="init", groups=["admins", "privacy"]))
        loose = '@id("drafts")\n@title("x")\npermit (principal, action == Action::"sql.write", resource) '
        loose += 'when { context.satisfied.contains("one-reviewer") };\n'
        (gate.assembly.policy.folder / "more.cedar").write_text(loose)
        if way == "reload":
            api.did("adam", "POST", "/policy/reload")
        else:
            keys = gate.assembly.keys
            stop_gate(gate)
            gate = start_gate(hospital, tmp_path, "ai-agents", keys=keys)
            api = Api(gate)
        request = asked(gate)
        assert "loosened a rule" in api.vote("adam", request).json()["title"]
        assert api.state(request) == "PENDING"
        assert undone(hospital)
    finally:
        stop_gate(gate)


def test_a_broken_glass_is_reviewed_neither_by_oneself_nor_by_ones_agent(hospital, tmp_path):
    gate = start_gate(hospital, tmp_path, "break-glass")
    try:
        api = Api(gate)
        accounts = gate.assembly.accounts
        gate.call(accounts.change_groups("local:eva", join=["privacy"], by="init"))
        gate.call(accounts.create_agent("evas-bot", ["local:eva"], by="local:eva", groups=["agents", "privacy"]))
        body = {"connection": "clinic", "classes": ["name"], "reason": "cardiac arrest, bed four", "password": PASSWORD}
        glass = api.did("eva", "POST", "/break-glass", body)["request"]
        api.did("eva", "POST", f"/break-glass/{glass}/close")
        assert api.vote("eva", glass).status_code == 409
        token = gate.token("evas-bot", by="local:eva")
        assert api("", "POST", f"/requests/{glass}/vote", {}, token=token).status_code == 401
        gate.call(accounts.link("local:eva", "local:paul", by="local:root"))
        assert api.vote("paul", glass).status_code == 409, "another account of the same human"
        assert api.state(glass) == "REVIEW_DUE"
    finally:
        stop_gate(gate)
