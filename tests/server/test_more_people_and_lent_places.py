"""Escalation adds people and never lowers the count; a place is lent by its holder only: the API on a real gate."""

from __future__ import annotations


def held(gate):
    running = gate.in_background(lambda: gate.connect().execute("UPDATE task SET done = done WHERE id = 1").rowcount)
    return running, gate.wait_pending()


def test_an_escalated_request_waits_for_the_added_people_too(api, gate):
    running, request = held(gate)
    assert api("ana", "POST", f"/requests/{request.id}/escalate", {"group": "analysts"}).status_code == 409
    assert (
        api("rita", "POST", f"/requests/{request.id}/escalate", {"group": "data-owner", "count": 0}).status_code == 422
    )
    assert api("rita", "POST", f"/requests/{request.id}/escalate", {"group": "data-owner"}).json()["state"] == "PENDING"
    assert api.vote("rita", request.id).json()["state"] == "PENDING", "her vote alone was enough before"
    assert api.vote("dora", request.id).json()["state"] == "APPROVED"
    assert running.result() == 1


def test_a_place_is_lent_by_its_holder_and_taken_back(api, gate):
    lend = {"receiver": "local:dora", "group": "privacy", "ttl_s": 3600}
    assert api("alf", "POST", "/delegations", lend).status_code == 409, "not his to lend"
    assert api("rita", "POST", "/delegations", {**lend, "ttl_s": 15 * 24 * 3600}).status_code == 409
    lent = api("rita", "POST", "/delegations", lend).json()
    running, request = held(gate)
    assert api.vote("dora", request.id).json()["state"] == "APPROVED"
    assert running.result() == 1
    assert api("dora", "DELETE", f"/delegations/{lent['id']}").status_code == 409, "not hers to take back"
    assert api("rita", "DELETE", f"/delegations/{lent['id']}").json() == {"taken_back": True}
    running, request = held(gate)
    assert api.vote("dora", request.id).status_code == 409
    api.vote("rita", request.id)
    running.result()


def test_the_owner_of_the_agent_lends_nobody_a_vote_on_it(api, gate):
    gate.call(gate.assembly.accounts.change_groups("local:ana", by="local:root", join=["privacy"]))
    lend = {"receiver": "local:alf", "group": "privacy", "ttl_s": 3600}
    assert api("ana", "POST", "/delegations", lend).status_code == 200
    running, request = held(gate)
    assert api.vote("alf", request.id).status_code == 409, "her conflict goes with her place"
    api.vote("rita", request.id)
    running.result()
