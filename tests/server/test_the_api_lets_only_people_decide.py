"""The HTTP API over a running gate: who may do what, how errors look, and that nothing leaks."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.store.outbox import MOST_ATTEMPTS, claim, put, settle


def test_nothing_without_a_login(api):
    for path in ("/requests", "/people", "/policy", "/audit/events", "/catalog/clinic", "/me"):
        answer = api("", "GET", path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "LG017"


def test_connection_tokens_and_keys_open_no_api(api, gate):
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    for token in (gate.token(), key, "lgs_forged", "nonsense"):
        assert api("", "GET", "/requests", token=token).status_code == 401


def test_a_key_fetches_a_connection_token_and_nothing_else(api, gate):
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    answer = api("", "POST", "/token", {"connection": "clinic"}, token=key).json()
    assert answer["user"] == "bot"
    assert answer["token"].startswith("lgt_")
    assert api("", "POST", "/token", {"connection": "clinic"}, token=gate.token()).status_code == 401


def test_guessing_passwords_is_slowed_down(api):
    codes = [api("", "POST", "/login", {"user": "dora", "password": f"guess number {i}"}).status_code for i in range(8)]
    assert codes[:5] == [401] * 5
    assert 429 in codes[5:]


def test_only_administrators_change_the_directory_and_the_rules(api):
    for path, body in (
        ("/users", {"name": "eve", "password": "a long password"}),
        ("/people/local:ana/groups", {"join": ["privacy"]}),
        ("/people/local:rita/deactivate", None),
        ("/policy/reload", None),
        ("/catalog/clinic", {"yaml": "{}"}),
    ):
        assert api("ana", "POST", path, body).status_code == 403, path


def test_a_person_registers_agents_of_their_own_only(api):
    assert api("alf", "POST", "/agents", {"name": "mine"}).status_code == 201
    assert api("alf", "POST", "/agents", {"name": "hers", "owners": ["local:ana"]}).status_code == 403
    assert api("alf", "POST", "/agents", {"name": "strong", "groups": ["admins"]}).status_code == 403
    assert api("alf", "POST", "/agents/local:bot/key").status_code == 403
    assert api("alf", "POST", "/tokens", {"connection": "clinic", "account": "local:bot"}).status_code == 403


def test_a_review_from_notice_to_vote(api, gate):
    running = gate.in_background(lambda: gate.connect().execute("UPDATE task SET done = done WHERE id = 1").rowcount)
    gate.wait_pending()
    found = api("rita", "GET", "/requests?state=pending").json()[0]
    shown = api("rita", "GET", f"/requests/{found['id']}").json()
    assert "UPDATE task" in str(shown["lines"])
    body = {
        "approve": True,
        "reason": "ok",
        "action_digest": shown["action_digest"],
        "view_digest": shown["view_digest"],
    }
    refused = api("ana", "POST", f"/requests/{found['id']}/vote", body)
    assert refused.status_code == 409
    assert "own" in refused.json()["title"]
    assert api("rita", "POST", f"/requests/{found['id']}/vote", {**body, "view_digest": "0" * 64}).status_code == 409
    assert api("rita", "POST", f"/requests/{found['id']}/vote", body).json()["state"] == "APPROVED"
    assert running.result() == 1


def test_a_broken_catalog_is_refused_and_the_old_one_stays(api):
    before = api("root", "GET", "/catalog/clinic").json()["digest"]
    answer = api("root", "POST", "/catalog/clinic", {"yaml": "public.patient: {ssn: nonsense}"})
    assert answer.status_code == 400
    assert "public.patient.ssn" in answer.json()["title"]
    assert api("root", "GET", "/catalog/clinic").json()["digest"] == before


def test_a_scan_proposes_what_the_hospital_is(api):
    rows = api("root", "POST", "/catalog/clinic/scan").json()
    proposed = {(row["table"], row["column"]): row["proposed"] for row in rows}
    assert proposed["public.patient", "ssn"] == "ssn"
    assert proposed["public.patient", "born"] == "date/birth"
    assert proposed["public.note", "body"] == "text"
    assert proposed["public.encounter", "ward_id"] == "none"


def test_headers_are_strict_and_the_openapi_file_is_there(api):
    headers = api("", "GET", "/health").headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"


def test_a_receipt_over_the_api_checks_offline(api, gate):
    from lockgate.audit import check_tlog_proof

    event = api("rita", "GET", "/audit/events?type=agent.registered").json()[0]
    receipt = api("rita", "GET", f"/audit/events/{event['id']}/proof").text
    assert check_tlog_proof(receipt, [gate.assembly.log.signer.verifier]).event.decode() == event["leaf"]


def test_a_revoked_key_fetches_nothing(api):
    made = api("ana", "POST", "/agents/local:bot/key").json()
    assert api("ana", "POST", f"/credentials/{made['id']}/revoke").status_code == 403
    assert api("root", "POST", f"/credentials/{made['id']}/revoke").json() == {"revoked": 1}
    assert api("", "POST", "/token", {"connection": "clinic"}, token=made["key"]).status_code == 401


def test_an_agent_changes_hands_and_never_loses_its_last_owner(api):
    change = {"add": ["local:alf"], "remove": ["local:ana"]}
    assert api("ana", "POST", "/agents/local:bot/owners", change).status_code == 403
    assert api("root", "POST", "/agents/local:bot/owners", change).json()["owners"] == ["local:alf"]
    assert api("root", "POST", "/agents/local:bot/owners", {"remove": ["local:alf"]}).status_code >= 400


def test_a_linked_account_does_not_count_as_another_person(api, gate):
    assert api("root", "POST", "/people/local:paul/link", {"other": "local:ana"}).status_code == 204
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error):
            agent.execute("COPY (SELECT id, name FROM patient) TO STDOUT")
    waiting = gate.wait_pending()
    assert api.vote("paul", waiting.id).status_code == 409
    assert api.vote("rita", waiting.id).json()["state"] == "APPROVED"
    assert {r["person"]: r["approvals"] for r in api("root", "GET", "/reviewers").json()} == {"local:rita": 1}


def test_a_notice_that_was_given_up_is_listed_to_admins_and_sent_again(api, gate):
    store, now_at = gate.assembly.store, gate.assembly.store.clock()
    address = "https://chat.example.org/hooks/its-own-secret"
    gate.call(store.transact(lambda conn: (put(conn, "webhook", address, {"request": "req_1"}, now_at=now_at), [])))
    for attempt in range(MOST_ATTEMPTS):
        at = now_at + attempt * 3_600_000_000
        (message,) = gate.call(store.transact(lambda conn, at=at: (claim(conn, "webhook", now_at=at), [])))
        gate.call(store.transact(lambda conn, m=message, at=at: (settle(conn, m, error="ConnectError", now_at=at), [])))
    assert api("alf", "GET", "/notices/undelivered").status_code == 403
    answer = api("root", "GET", "/notices/undelivered")
    (listed,) = answer.json()
    assert (listed["state"], listed["attempts"], listed["error"]) == ("dead", MOST_ATTEMPTS, "ConnectError")
    assert (listed["to"], listed["request"]) == ("chat.example.org", "req_1")
    assert "secret" not in answer.text
    assert api("alf", "POST", f"/notices/{listed['id']}/again").status_code == 403
    assert api("root", "POST", f"/notices/{listed['id']}/again").json()["state"] == "waiting"
    assert api("root", "POST", f"/notices/{listed['id']}/again").status_code == 409
    assert [m.id for m in gate.call(store.transact(lambda conn: (claim(conn, "webhook", now_at=store.clock()), [])))]


def test_administrators_and_reviewers_have_salts_destroyed(api, gate):
    with gate.connect() as agent:
        agent.execute("SELECT name FROM patient WHERE mrn = 'MRN-100001'")
    (looked_up,) = [event["id"] for event in gate.events("intent") if "commitment" in event["leaf"]]
    assert "only administrators and reviewers" in api.refused("dora", "POST", "/audit/erase", {"name": looked_up})
    assert api.did("rita", "POST", "/audit/erase", {"name": looked_up}) == {"salts": 1}
    assert api.did("root", "POST", "/audit/erase", {"name": looked_up}) == {"salts": 0}
    assert api("", "POST", "/audit/erase", {"name": looked_up}).status_code == 401
