"""Looking up whom a surrogate stands for, without two other people: every way must be refused, and nothing shown."""

from __future__ import annotations

import asyncio
import json
import socket
import threading

import pytest
import uvicorn

from api import Api
from lockgate.audit import check_tlog_proof
from lockgate.errors import AuthenticationError, SealError, StoreError
from lockgate.server.api import create_app
from lockgate.server.vaults import VaultAt
from lockgate.store import KeyRing
from lockgate.store.vault import SealedVault, create_vault, open_vault
from support import PASSWORD, start_gate, stop_gate

PATIENT = "patient-4711"
REAL = "marguerite okonkwo"
SECRETS = (PATIENT, "marguerite", "okonkwo", "Zephyrine", "555-0137", "Quillfeather")


@pytest.fixture
def vault(tmp_path):
    url, keys = f"sqlite:///{tmp_path}/vault.db", KeyRing.generate()
    create_vault(url, keys, now_at=1)
    with open_vault(url, keys) as opened:
        opened.surrogates(PATIENT, [("name", REAL, lambda _: "Zephyrine Quillfeather")])
        opened.surrogates(PATIENT, [("phone", "555-0137", lambda _: "555-0199")])
    return VaultAt(url, lambda: keys)


@pytest.fixture
def gate(hospital, tmp_path, vault):
    started = start_gate(hospital, tmp_path, "ai-agents", vault=vault)
    try:
        yield started
    finally:
        stop_gate(started)


@pytest.fixture
def api(gate):
    return Api(gate)


def body(*surrogates, patient=PATIENT, **more):
    return {"patient": patient, "surrogates": list(surrogates) or ["Zephyrine Quillfeather"], **more}


def as_bot(gate, **more):
    return body(account="bot", **more), gate.token("bot", connection="vault")


def ask(api, gate, **more):
    """The agent asks; the id of its request."""
    asked, token = as_bot(gate, **more)
    answer = api("", "POST", "/vault/reveal", asked, token=token)
    assert answer.status_code == 202, answer.text
    return answer.json()["request"]


def again(api, gate, **more):
    asked, token = as_bot(gate, **more)
    return api("", "POST", "/vault/reveal", asked, token=token)


def approve(api, request):
    for person in ("rita", "dora"):
        answer = api.vote(person, request)
        assert answer.is_success, answer.text
    assert answer.json()["state"] == "APPROVED"  # as the vote left it: whoever waits may be running it by now


def logged(gate, kind=""):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


# it works as it should ----------------------------------------------------------------------------------------------
def test_two_people_agree_and_the_requester_alone_is_shown_the_value_once(gate, api):
    request = ask(api, gate)
    approve(api, request)
    answer = again(api, gate)
    assert answer.status_code == 200, answer.text
    assert answer.json()["revealed"] == [{"class": "name", "surrogate": "Zephyrine Quillfeather", "original": REAL}]
    assert answer.headers["cache-control"] == "no-store"
    assert api.state(request) == "SUCCEEDED"
    [intent] = [one for one in logged(gate, "intent") if one["request"] == request]
    assert intent["revealed"] == ["unclassified"]
    assert gate.outcome(request)["rows"] == 1


def test_a_person_asks_by_their_own_login(gate, api):
    asked = api("alf", "POST", "/vault/reveal", body("zephyrine  QUILLFEATHER", "555-0199", "nobody"))
    assert asked.status_code == 202
    approve(api, asked.json()["request"])
    found = api.did("alf", "POST", "/vault/reveal", body("zephyrine  QUILLFEATHER", "555-0199", "nobody"))
    assert {one["original"] for one in found["revealed"]} == {REAL, "555-0137"}


def test_whoever_waits_is_shown_it_in_the_same_call(gate, api):
    asked, token = as_bot(gate, wait_s=40)
    waiting = gate.in_background(lambda: api("", "POST", "/vault/reveal", asked, token=token))
    request = gate.wait_pending().id
    approve(api, request)
    assert waiting.result(60).json()["revealed"][0]["original"] == REAL


def test_a_request_whose_caller_hung_up_does_not_wait_on_as_if_they_were_there(gate):
    settings = uvicorn.Config(create_app(gate.assembly), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(settings)
    serving = asyncio.run_coroutine_threadsafe(server._serve(), gate.loop)  # `serve` is for the main thread
    while not server.started:
        threading.Event().wait(0.05)
    asked, token = as_bot(gate, wait_s=40)
    raw = json.dumps(asked).encode()
    head = f"POST /api/v1/vault/reveal HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {token}\r\n"
    with socket.create_connection(server.servers[0].sockets[0].getsockname()) as client:
        client.sendall(f"{head}content-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n".encode() + raw)
        request = gate.wait_pending().id
        assert not logged(gate, "caller.gone")
    for _ in range(100):
        if logged(gate, "caller.gone"):
            break
        threading.Event().wait(0.05)
    server.should_exit = True
    serving.result(30)
    assert [one["request"] for one in logged(gate, "caller.gone")] == [request]


# without people -----------------------------------------------------------------------------------------------------
def test_an_agent_is_shown_nothing_without_approval_nor_with_one_of_two(gate, api):
    request = ask(api, gate)
    assert ask(api, gate) == request, "asking again asks nobody twice"
    api.vote("rita", request)
    assert again(api, gate).status_code == 202
    assert api.state(request) == "PENDING"
    assert not logged(gate, "grant.consumed")


def test_what_is_asked_answers_alike_whether_the_vault_knows_it_or_not(gate, api):
    known, token = as_bot(gate)
    unknown = body("Nobody Atall", patient="no such patient", account="bot")
    answers = [api("", "POST", "/vault/reveal", one, token=token).json() for one in (known, unknown)]
    assert [one.pop("request") != "" for one in answers] == [True, True]
    assert answers[0].keys() == answers[1].keys() and answers[0]["state"] == answers[1]["state"]
    views = [api.did("rita", "GET", f"/requests/{one.id}") for one in gate.pending()]
    assert views[0]["sentence"] == views[1]["sentence"]


def test_a_denied_look_up_stays_denied_and_says_nothing(gate, api):
    api.vote("rita", ask(api, gate), approve=False)
    answer = again(api, gate)
    assert answer.status_code == 409
    assert not any(secret in answer.text for secret in SECRETS)


@pytest.mark.parametrize("person", ["rita", "alf", "root"])
def test_nobody_else_is_shown_what_was_approved_for_an_agent(gate, api, person):
    approve(api, ask(api, gate))
    answer = api(person, "POST", "/vault/reveal", body())
    assert answer.status_code in (202, 409)
    assert REAL not in answer.text
    assert again(api, gate).status_code == 200, "and the requester still is"


# approving oneself --------------------------------------------------------------------------------------------------
def test_the_owner_cannot_approve_for_their_agent(gate, api):
    gate.call(gate.assembly.accounts.change_groups("local:ana", join=["privacy"], by="init"))
    request = ask(api, gate)
    vote = api.vote("ana", request)
    assert vote.status_code == 409
    assert api.state(request) == "PENDING"
    assert again(api, gate).status_code == 202


def test_whoever_asks_cannot_be_one_of_the_two(gate, api):
    answer = api("rita", "POST", "/vault/reveal", body())
    request = answer.json()["request"]
    assert api.vote("rita", request).status_code == 409
    api.vote("paul", request)
    assert api.vote("paul", request).status_code == 409, "nor one person twice"
    assert api("rita", "POST", "/vault/reveal", body()).status_code == 202
    api.vote("dora", request)
    assert api("rita", "POST", "/vault/reveal", body()).json()["revealed"][0]["original"] == REAL


def test_whoever_minted_the_agents_token_cannot_approve(gate, api):
    gate.call(
        gate.assembly.accounts.create_agent("bot2", ["local:ana", "local:rita"], by="local:ana", groups=["agents"])
    )
    token = gate.token("bot2", by="local:rita", connection="vault")
    answer = api("", "POST", "/vault/reveal", body(account="bot2"), token=token)
    assert api.vote("rita", answer.json()["request"]).status_code == 409


def test_an_agents_token_votes_on_nothing(gate, api):
    request = ask(api, gate)
    token = gate.token("bot", connection="vault")
    assert api("", "GET", f"/requests/{request}", token=token).status_code == 401
    assert api("", "POST", f"/requests/{request}/vote", {}, token=token).status_code == 401


# another thing than what was approved -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changed",
    [
        {"surrogates": ["555-0199"]},
        {"surrogates": ["Zephyrine Quillfeather", "555-0199"]},
        {"patient": "patient-4712"},
    ],
)
def test_another_surrogate_or_patient_after_approval_is_another_request(gate, api, changed):
    request = ask(api, gate)
    approve(api, request)
    asked, token = as_bot(gate)
    answer = api("", "POST", "/vault/reveal", asked | changed, token=token)
    assert answer.status_code == 202
    assert answer.json()["request"] != request
    assert api.state(request) == "APPROVED"


def test_a_look_up_that_was_approved_forgets_nobody_and_the_other_way_round(gate, api):
    gate.call(gate.assembly.accounts.create_user("pia", PASSWORD, by="init", groups=["privacy"]))
    request = api("pia", "POST", "/vault/reveal", body()).json()["request"]
    approve(api, request)
    answer = api("pia", "POST", "/vault/forget", {"patient": PATIENT})
    assert answer.status_code == 202 and answer.json()["request"] != request
    assert api("pia", "POST", "/vault/reveal", body()).json()["revealed"]


def test_an_approval_is_used_once(gate, api):
    request = ask(api, gate)
    approve(api, request)
    assert again(api, gate).status_code == 200
    replayed = again(api, gate)
    assert replayed.status_code == 202 and replayed.json()["request"] != request
    assert len(logged(gate, "grant.consumed")) == 1


def test_of_two_that_use_it_at_once_one_is_shown_the_value(gate, api):
    approve(api, ask(api, gate))
    racing = [gate.in_background(lambda: again(api, gate)) for _ in range(4)]
    answers = [one.result() for one in racing]
    assert sum("revealed" in one.json() for one in answers) == 1
    assert len(logged(gate, "grant.consumed")) == 1


# other doors --------------------------------------------------------------------------------------------------------
def test_a_token_for_a_database_opens_no_vault_and_the_other_way_round(gate, api):
    for token in (gate.token("bot"), gate.token("bot", connection="other"), "lgt_forged", "lgs_forged", "lgk_x", ""):
        answer = api("", "POST", "/vault/reveal", body(account="bot"), token=token)
        assert answer.status_code == 401, token
    asked, token = as_bot(gate)
    assert api("", "POST", "/vault/reveal", asked | {"account": "local:ana"}, token=token).status_code == 401
    with pytest.raises(AuthenticationError):
        gate.call(gate.assembly.accounts.connection_login("bot", token, "clinic", ""))


def test_an_owner_does_not_read_in_their_agents_name(gate, api):
    approve(api, ask(api, gate))
    answer = api("ana", "POST", "/vault/reveal", body(account="bot"))
    assert answer.status_code == 403 and REAL not in answer.text


def test_an_agent_forgets_nobody(gate, api):
    asked, token = as_bot(gate)
    del asked["surrogates"]
    answer = api("", "POST", "/vault/forget", asked, token=token)
    assert answer.status_code == 409
    assert "forbidden by policy" in answer.json()["title"]


def test_neither_edits_nor_permits_nor_standing_grants_reach_the_vault(gate, api):
    request = ask(api, gate)
    edit = api("ana", "POST", f"/requests/{request}/edit", {"statement": "SELECT 1"})
    assert edit.status_code == 400 and "no such connection" in edit.text
    approve(api, request)
    permit = api("ana", "POST", "/policy/allowed", {"request": request, "until": "2026-12-01"})
    assert permit.status_code == 409
    asker = {"connection": "vault", "account": "local:bot", "statement": "reveal", "uses": 2, "minutes": 60}
    assert api("ana", "POST", "/standing", asker).status_code == 400


def test_a_broken_glass_shows_nothing_of_it(hospital, tmp_path, vault):
    started = start_gate(hospital, tmp_path, "break-glass", vault=vault)
    try:
        api = Api(started)
        glass = {"connection": "vault", "classes": ["unclassified"], "reason": "cardiac arrest", "password": PASSWORD}
        api("eva", "POST", "/break-glass", glass)
        answer = api("eva", "POST", "/vault/reveal", body())
        assert answer.status_code == 202 and REAL not in answer.text
    finally:
        stop_gate(started)


def test_the_kill_switch_stops_it(gate, api):
    approve(api, ask(api, gate))
    api.did("root", "POST", "/kill-switch", {"on": True, "reason": "drill"})
    answer = again(api, gate)
    assert answer.status_code == 409 and REAL not in answer.text


# nothing in clear ---------------------------------------------------------------------------------------------------
def test_nothing_of_it_is_in_the_log_the_views_the_store_or_an_error(gate, api, tmp_path, caplog, capfd):
    request = ask(api, gate, reason=f"who is Zephyrine Quillfeather, {PATIENT}?")
    approve(api, request)
    assert again(api, gate).status_code == 200
    shown = json.dumps([api.did(person, "GET", f"/requests/{request}") for person in ("rita", "ana", "root")])
    events = json.dumps([str(event) for event in gate.events()])
    store = b"".join(path.read_bytes() for path in tmp_path.glob("lockgate.db*")).decode("latin-1")
    out, err = capfd.readouterr()
    for place in (shown, events, store, caplog.text, out, err):
        assert not [secret for secret in SECRETS if secret in place]
    assert "reveal [SURROGATE 1] of [PATIENT 1]" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"surrogates": [f"{REAL}" * 50]},
        {"surrogates": [], "patient": PATIENT},
        {"surrogates": [REAL] * 60},
        {"patient": PATIENT * 100},
        {"purpose": REAL},
        {"wait_s": 1000},
    ],
)
def test_an_error_quotes_no_value(gate, api, wrong, caplog):
    asked, token = as_bot(gate)
    answer = api("", "POST", "/vault/reveal", asked | wrong, token=token)
    assert answer.status_code in (400, 422)
    assert not [secret for secret in SECRETS if secret in answer.text + caplog.text]


def test_a_vault_whose_key_is_not_here_costs_nobody_an_approval_and_says_no_value(gate, api, vault):
    request = ask(api, gate)
    approve(api, request)
    gate.assembly.vaults.at = VaultAt(vault.url, KeyRing.generate)
    answer = again(api, gate)
    assert answer.status_code == 400 and "put back the key file" in answer.json()["detail"]
    assert not [secret for secret in SECRETS if secret in answer.text]
    assert api.state(request) == "APPROVED"
    gate.assembly.vaults.at = vault
    assert again(api, gate).status_code == 200


def test_another_vault_than_the_approved_one_is_not_looked_in(gate, api, vault, tmp_path):
    request = ask(api, gate)
    approve(api, request)
    other = VaultAt(f"sqlite:///{tmp_path}/other.db", vault.keys)
    gate.assembly.vaults.at = other
    assert "no vault here" in again(api, gate).text
    create_vault(other.url, other.keys(), now_at=1)
    assert again(api, gate).json()["request"] != request
    assert api.state(request) == "APPROVED"


@pytest.mark.parametrize(
    ("deed", "path", "error", "state"),
    [
        ("reveal", "/vault/reveal", SealError("a row was changed"), "FAILED"),
        ("forget", "/vault/forget", StoreError("the vault cannot be reached"), "UNKNOWN"),
    ],
)
def test_what_fails_after_the_grant_was_used_is_logged_and_not_tried_again(
    gate, api, monkeypatch, deed, path, error, state
):
    def fails(*_):
        raise error

    gate.call(gate.assembly.accounts.create_user("pia", PASSWORD, by="init", groups=["privacy"]))
    asked = body() if deed == "reveal" else {"patient": PATIENT}
    request = api("pia", "POST", path, asked).json()["request"]
    approve(api, request)
    monkeypatch.setattr(SealedVault, deed, fails)
    answer = api("pia", "POST", path, asked)
    assert answer.status_code in (400, 503) and not [secret for secret in SECRETS if secret in answer.text]
    assert api.state(request) == state
    assert gate.outcome(request)["status"] == state
    monkeypatch.undo()
    assert api("pia", "POST", path, asked).status_code == 202, "people are asked anew"


def test_nobody_is_asked_about_a_vault_that_is_not_there(gate, api, vault, tmp_path):
    for at in (None, VaultAt(f"sqlite:///{tmp_path}/none.db", vault.keys), VaultAt(vault.url, KeyRing.generate)):
        gate.assembly.vaults.at = at
        assert again(api, gate).status_code == 400
    assert gate.pending() == []


# forgetting ---------------------------------------------------------------------------------------------------------
def test_two_people_agree_before_a_patient_is_forgotten_for_good(gate, api, vault):
    gate.call(gate.assembly.accounts.create_user("pia", PASSWORD, by="init", groups=["privacy"]))
    request = api("pia", "POST", "/vault/forget", {"patient": PATIENT}).json()["request"]
    approve(api, request)
    done = api.did("pia", "POST", "/vault/forget", {"patient": PATIENT})
    assert done["forgotten"] == 2
    proof = api("rita", "GET", f"/audit/events/{done['receipt']}/proof").text
    said = json.loads(check_tlog_proof(proof, [gate.assembly.log.signer.verifier]).event)
    assert (said["type"], said["body"]["request"]) == ("intent", request)
    with open_vault(vault.url, vault.keys()) as opened:
        assert opened.status().surrogates == 0
    assert not [secret for secret in SECRETS if secret in json.dumps([str(e) for e in gate.events()])]
