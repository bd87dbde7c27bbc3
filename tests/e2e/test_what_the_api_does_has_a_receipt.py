"""Whatever the API writes down is answered with the events' ids, in one header, whatever the action: each leads to a
proof that checks offline. What was refused and is on record, too."""

from __future__ import annotations

import json

import pytest

from lockgate.audit import check_tlog_proof
from lockgate.demo.hospital import CATALOG
from support import PASSWORD, tried

HEADER = "lockgate-receipt"


@pytest.fixture
def proved(gate, api):
    """The types of the events that an answer's header names, each proved and checked with the public key alone."""

    def prove(answer):
        types = []
        for name in filter(None, answer.headers.get(HEADER, "").split(", ")):
            receipt = api("rita", "GET", f"/audit/events/{name}/proof").text
            leaf = json.loads(check_tlog_proof(receipt, [gate.assembly.log.signer.verifier]).event)
            assert leaf["id"] == name
            types.append(leaf["type"])
        return types

    return prove


@pytest.mark.parametrize(
    ("path", "body", "types"),
    [
        ("/users", {"name": "nina", "password": PASSWORD, "groups": []}, ["user.created"]),
        ("/agents", {"name": "helper"}, ["agent.registered"]),
        ("/people/local:alf/groups", {"join": ["privacy"]}, ["groups.changed"]),
        ("/people/local:alf/deactivate", None, ["account.deactivated"]),
        ("/people/local:alf/link", {"other": "local:eva"}, ["accounts.linked"]),
        ("/agents/local:bot/owners", {"add": ["local:alf"]}, ["owners.changed"]),
        ("/catalog/clinic", {"yaml": CATALOG.read_text().replace("sex: none", "sex: other_id")}, ["catalog.changed"]),
        ("/kill-switch", {"on": True, "reason": "drill"}, ["kill_switch"]),
        ("/tokens", {"connection": "clinic"}, ["credential.registered"]),
        ("/delegations", {"receiver": "local:alf", "group": "admins", "ttl_s": 60}, ["delegation"]),
    ],
)
def test_each_change_is_proved(api, proved, path, body, types):
    answer = api("root", "POST", path, body)
    assert answer.is_success, answer.text
    assert proved(answer) == types


def test_a_login_and_what_is_revoked(api, proved):
    login = api("", "POST", "/login", {"user": "rita", "password": PASSWORD})
    assert proved(login) == ["credential.registered"]
    key = api("ana", "POST", "/agents/local:bot/key")
    assert proved(key) == ["credential.registered"]
    assert proved(api("root", "POST", f"/credentials/{key.json()['id']}/revoke")) == ["credential.revoked"]
    ended = api("rita", "POST", "/logout")
    api.sessions.clear()
    assert proved(ended) == ["credential.revoked"]


def test_a_policy_that_changed_and_one_that_is_broken(gate, api, proved):
    file = next((gate.state / "policies").glob("*.cedar"))
    text = file.read_text()
    file.write_text(text + "\n// read anew\n")
    changed = api("root", "POST", "/policy/reload")
    assert changed.is_success
    file.write_text("permit(")
    broken = api("root", "POST", "/policy/reload")
    assert broken.status_code == 400
    assert proved(broken) == ["policy.changed"]


def test_votes_counted_and_not(gate, api, proved):
    assert tried(gate, "UPDATE task SET done = true WHERE id = 1") == "LG001"
    request = gate.pending()[0].id
    refused = api.vote("ana", request)
    assert refused.status_code == 409
    assert proved(refused) == ["vote"]
    counted = api.vote("rita", request)
    assert proved(counted)[:2] == ["vote", "request.changed"]


def test_what_only_looks_has_none(api):
    for path in ("/requests", "/me", "/people", "/policy", "/catalog/clinic", "/audit/events"):
        assert HEADER not in api("rita", "GET", path).headers, path


def test_a_request_gets_no_receipt_of_anothers(gate, api):
    """What others do meanwhile, and what goes on behind it, is not this caller's."""
    answers = [api("root", "POST", "/people/local:alf/groups", {"join": [f"g{n}"]}) for n in range(3)]
    names = [answer.headers[HEADER] for answer in answers]
    assert len(set(names)) == 3
    assert all("," not in name for name in names)
