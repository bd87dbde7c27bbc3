"""The HTTP API against a running gateway: lifting the kill switch alone, keys of people who left, views that are told
what to say, and reviewers of one's own making."""

from __future__ import annotations

import threading

import psycopg
import pytest

from api import Api
from lockgate.services.approvals import Rules
from lockgate.store import system_clock
from support import PASSWORD, start_gate, stop_gate, tried

HOUR_S = 3600
SECOND = 1_000_000


@pytest.fixture
def later(hospital, tmp_path):
    """A gate whose clock can be moved: the first evening is over, and accounts cool off for an hour."""
    moved = [0]

    def clock():
        return system_clock() + moved[0] * SECOND

    started = start_gate(hospital, tmp_path, "break-glass", rules=Rules(cooling_s=HOUR_S), clock=clock)
    moved[0] = 3 * 24 * HOUR_S
    yield started, moved
    stop_gate(started)


def until(found, what):
    for _ in range(200):
        if found():
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"{what} never came")


def switch(api, person, on):
    return api(person, "POST", "/kill-switch", {"on": on, "reason": "drill"})


# the kill switch -----------------------------------------------------------------------------------------------------
def test_nobody_lifts_it_with_an_account_of_their_own_making(later):
    gate, moved = later
    api = Api(gate)
    api.did("root", "POST", "/users", {"name": "sock", "password": PASSWORD, "groups": ["admins"]})
    moved[0] += 2 * HOUR_S
    api.sessions.clear()
    assert switch(api, "root", True).is_success
    assert switch(api, "root", False).json() == {"on": True}
    refused = switch(api, "sock", False)
    assert refused.status_code == 409, "two accounts, one person"
    assert gate.assembly.pipeline.stopped


def test_nor_with_one_that_they_put_into_the_group(later):
    gate, moved = later
    api = Api(gate)
    api.did("root", "POST", "/people/local:rita/groups", {"join": ["admins"]})
    moved[0] += 2 * HOUR_S
    api.sessions.clear()
    assert switch(api, "root", True).is_success
    assert switch(api, "rita", False).status_code == 409
    assert switch(api, "root", False).json() == {"on": True}
    assert switch(api, "rita", False).status_code == 409


def test_two_who_owe_each_other_nothing_lift_it(later):
    gate, moved = later
    gate.call(gate.assembly.accounts.create_user("ruth", PASSWORD, by="init", groups=["admins"]))
    moved[0] += 25 * HOUR_S
    api = Api(gate)
    assert switch(api, "root", True).is_success
    assert switch(api, "root", False).json() == {"on": True}
    assert switch(api, "ruth", False).json() == {"on": False}


# who has left --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["deactivated", "no owner any more"])
def test_whoever_left_keeps_no_key_of_an_agent(gate, api, way):
    api.did("root", "POST", "/agents/local:bot/owners", {"add": ["local:alf"]})
    key = api.did("ana", "POST", "/agents/local:bot/key")["key"]
    token = api.did("ana", "POST", "/tokens", {"connection": "clinic", "account": "local:bot"})["token"]
    theirs = api.did("alf", "POST", "/agents/local:bot/key")["key"]
    if way == "deactivated":
        assert api("root", "POST", "/people/local:ana/deactivate").is_success
    else:
        api.did("root", "POST", "/agents/local:bot/owners", {"remove": ["local:ana"]})
    assert api("", "POST", "/token", {"connection": "clinic"}, token=key).status_code == 401
    body = {"patient": "4711", "account": "bot", "surrogates": ["Maria"]}
    assert api("", "POST", "/vault/reveal", body, token=token).status_code == 401
    with pytest.raises(psycopg.OperationalError, match="login failed"):
        psycopg.connect(host="127.0.0.1", port=gate.port, user="bot", password=token, dbname="clinic")
    assert api("", "POST", "/token", {"connection": "clinic"}, token=theirs).is_success, "the others' go on"


# what a reviewer reads -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["10.2.0.7, agreed with Rita", "localhost", "10.2.0.7/8", "1"])
def test_an_address_says_nothing_but_where(api, address):
    body = {"connection": "clinic", "account": "local:bot", "address": address}
    statement = "UPDATE task SET done = true WHERE id = 1"
    for path, more in (
        ("/batches", {"statements": [statement]}),
        ("/standing", {"statement": statement, "uses": 1, "minutes": 5}),
    ):
        assert api("ana", "POST", path, {**body, **more}).status_code == 422, path


# the glass -----------------------------------------------------------------------------------------------------------
def test_whoever_lent_the_place_to_break_it_from_does_not_review_it(later):
    gate, moved = later
    api = Api(gate)
    gate.call(gate.assembly.accounts.create_user("pia", PASSWORD, by="init", groups=["privacy", "break-glass"]))
    moved[0] += 2 * HOUR_S
    lent = {"receiver": "local:alf", "group": "break-glass", "ttl_s": HOUR_S}
    api.did("pia", "POST", "/delegations", lent)
    body = {"connection": "clinic", "classes": ["name"], "reason": "cardiac arrest, bed four", "password": PASSWORD}
    request = api.did("alf", "POST", "/break-glass", body)["request"]
    api.did("alf", "POST", f"/break-glass/{request}/close")
    assert api.vote("pia", request).status_code == 409
    assert api.vote("rita", request).is_success


# evidence of one's own doing -----------------------------------------------------------------------------------------
def test_nobody_destroys_what_opens_the_evidence_of_their_own_doing(gate, api):
    """By look-ups one by one it is told whom somebody looked up; the salts are what it can be told by."""
    gate.call(gate.assembly.accounts.change_groups("local:ana", join=["privacy"], by="init"))
    gate.call(gate.assembly.accounts.link("local:ana", "local:paul", by="init"))
    with gate.connect() as agent:
        agent.execute("SELECT name FROM patient WHERE mrn = 'MRN-100001'")
    (looked_up,) = [event["id"] for event in gate.events("intent") if "commitment" in event["leaf"]]
    assert "their own doing" in api.refused("ana", "POST", "/audit/erase", {"name": looked_up})
    assert "their own doing" in api.refused("paul", "POST", "/audit/erase", {"name": looked_up})
    request = tried(gate, "UPDATE task SET done = true WHERE id = 1") and gate.pending()[0].id
    api.vote("rita", request, approve=False)
    assert "their own doing" in api.refused("ana", "POST", "/audit/erase", {"name": request})
    assert api.did("rita", "POST", "/audit/erase", {"name": looked_up}) == {"salts": 1}
    assert api.did("rita", "POST", "/audit/erase", {"name": request}) == {"salts": 1}


def test_nobody_says_what_became_of_their_own_doing(gate, api):
    gate.call(gate.assembly.accounts.change_groups("local:ana", join=["admins"], by="init"))
    assert tried(gate, "UPDATE task SET done = true WHERE id = 1") == "LG001"
    request = gate.pending()[0]
    gate.vote(request, "rita")
    approvals = gate.assembly.approvals

    async def lost(execution, outcome, *_):
        return await type(approvals).finish(approvals, execution, "UNKNOWN", 0, 0, "lost")

    approvals.finish = lost
    tried(gate, "UPDATE task SET done = true WHERE id = 1")
    until(lambda: api.state(request.id) == "UNKNOWN", "the end")
    assert "their own doing" in api.refused("ana", "POST", f"/requests/{request.id}/reconcile", {"done": False})
    assert api.did("root", "POST", f"/requests/{request.id}/reconcile", {"done": True})["state"] == "RECONCILED_DONE"
