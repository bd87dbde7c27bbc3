"""A permit that people agreed to, against everything that is nearly what they agreed to: each must ask people again, or
be refused, and nothing of it may run."""

from __future__ import annotations

import datetime
import json
import sqlite3
import time

import psycopg
import pytest

from lockgate.policy import load
from support import PASSWORD, start_gate, stop_gate, tried


def in_days(days):
    """That many days from now, as the server counts them."""
    return datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)


SOON = in_days(30)
DONE = "UPDATE task SET done = true WHERE id = 11"
OTHER_VALUE = "UPDATE task SET done = true WHERE id = 12"
DAY = 24 * 3600 * 1_000_000


class LaterClock:
    """The machine's clock, with days added."""

    def __init__(self):
        self.days = 0

    def __call__(self):
        return time.time_ns() // 1000 + self.days * DAY


@pytest.fixture
def clock():
    return LaterClock()


@pytest.fixture
def gate(hospital, tmp_path, clock):
    hospital.superuser(
        "DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other; CREATE TABLE other.task (LIKE public.task);"
        "DROP TABLE IF EXISTS pt_2023, pt_2024; CREATE TABLE pt_2023 (n int); CREATE TABLE pt_2024 (n int);"
        "INSERT INTO pt_2023 SELECT generate_series(1, 50); INSERT INTO pt_2024 SELECT generate_series(1, 50);"
        "INSERT INTO other.task SELECT * FROM public.task;"
        "GRANT USAGE ON SCHEMA other TO lockgate_gw; GRANT ALL ON ALL TABLES IN SCHEMA other TO lockgate_gw;"
        "GRANT ALL ON pt_2023, pt_2024 TO lockgate_gw; UPDATE task SET done = false; ANALYZE"
    )
    started = start_gate(hospital, tmp_path, "ai-agents", clock=clock)
    # What nobody has reviewed is not overwritten at all: the other table is one that people would be asked about.
    known = started.assembly.catalog.current("clinic").to_yaml() + "other.task: {id: none, title: none, done: none}\n"
    started.call(started.assembly.maps.accept("clinic", known, by="init"))
    try:
        yield started
    finally:
        stop_gate(started)
        hospital.superuser("DROP SCHEMA other CASCADE; DROP TABLE pt_2023, pt_2024; UPDATE task SET done = false")


def approved(gate, api, statement=DONE, *before, by="rita"):
    """The id of a request that the agent made, that somebody approved, and that ran."""
    assert tried(gate, statement, *before) == "LG001"
    request = gate.pending()[0].id
    assert api.vote(by, request).is_success
    assert tried(gate, statement, *before) == ""
    return request


def drafted(api, request, until=SOON, person="ana", **more):
    return api.did(person, "POST", "/policy/allowed", {"request": request, "until": until.isoformat(), **more})[
        "request"
    ]


def permitted(gate, api, statement=DONE, *before, **more):
    """A permit in force for what `statement` does."""
    permit = drafted(api, approved(gate, api, statement, *before), **more)
    assert api.vote("rita", permit).json()["state"] == "APPROVED"
    gate.call(gate.assembly.permits.refresh())
    return permit


def logged(gate, kind):
    return [json.loads(event["leaf"])["body"] for event in gate.events(kind)]


def done(hospital):
    return hospital.superuser("SELECT string_agg(id::text, ',' ORDER BY id) FROM task WHERE done").strip()


# what it is for ----------------------------------------------------------------------------------------------------
def test_what_people_approved_once_recurs_with_other_values_until_its_date(gate, api, hospital, clock):
    permit = drafted(api, approved(gate, api))
    assert tried(gate, OTHER_VALUE) == "LG001", "drafted is not in force"
    shown = api.did("rita", "GET", f"/requests/{permit}")
    told = "\n".join(shown["lines"])
    assert shown["kind"] == "policy" and shown["risk"] == "high"
    assert "local:ana wants local:bot to repeat req_" in told
    assert f"up to and with: {SOON.isoformat()} (UTC)" in told
    assert 'principal == Agent::"local:bot"' in told and "context.statement ==" in told
    assert api.vote("rita", permit).json()["state"] == "APPROVED"
    gate.call(gate.assembly.permits.refresh())
    assert tried(gate, OTHER_VALUE) == ""
    assert done(hospital) == "11,12"
    assert logged(gate, "intent")[-1]["policy"] == gate.assembly.policy.current.digest
    clock.days = (SOON - in_days(0)).days
    assert tried(gate, "UPDATE task SET done = true WHERE id = 13") == "", "the last day counts"


def test_its_coming_and_going_are_changes_of_policy_with_author_and_approvers(gate, api):
    before = gate.assembly.policy.current.digest
    permit = permitted(gate, api)
    during = gate.assembly.policy.current.digest
    assert during != before
    began = logged(gate, "policy.changed")[-1]
    assert (began["by"], began["approvers"], began["loosened"]) == ("local:ana", ["local:rita"], True)
    assert began["permit"] == permit and began["changes"] == {"policies": {"added": [f"allowed/{permit}.cedar"]}}
    assert [row["id"] for row in api.did("alf", "GET", "/policy/allowed?state=approved")] == [permit]
    assert api.did("ana", "POST", f"/policy/allowed/{permit}/revoke", {})["state"] == "REVOKED"
    ended = logged(gate, "policy.changed")[-1]
    assert ended["changes"] == {"policies": {"removed": [f"allowed/{permit}.cedar"]}} and not ended["loosened"]
    assert gate.assembly.policy.current.digest == before
    assert tried(gate, OTHER_VALUE) == "LG001"


def test_a_reviewer_ends_it_with_a_reason_and_a_bystander_does_not(gate, api):
    permit = permitted(gate, api)
    api.refused("alf", "POST", f"/policy/allowed/{permit}/revoke", {"reason": "because"})
    assert tried(gate, OTHER_VALUE) == ""
    api.did("paul", "POST", f"/policy/allowed/{permit}/revoke", {"reason": "job is done"})
    assert tried(gate, DONE) == "LG001"


def test_it_outlives_the_server_and_a_reload_of_the_folder(hospital, tmp_path, gate, api):
    permitted(gate, api)
    gate.call(gate.assembly.reload_policy(by="local:root"))
    assert tried(gate, OTHER_VALUE) == ""
    digest = gate.assembly.policy.current.digest
    again = start_gate(hospital, tmp_path, "ai-agents", keys=gate.assembly.keys)
    try:
        assert again.assembly.policy.current.digest == digest
        assert tried(again, OTHER_VALUE) == ""
    finally:
        stop_gate(again)


# who may agree -----------------------------------------------------------------------------------------------------
def test_neither_the_agents_owner_nor_its_drafter_approves_it(gate, api):
    gate.call(gate.assembly.accounts.create_agent("robo", ["local:paul"], by="local:root", groups=["agents"]))
    assert tried(gate, DONE, user="robo", by="local:paul") == "LG001"
    request = gate.pending()[0].id
    assert api.vote("rita", request).is_success
    by_owner = drafted(api, request, person="paul")
    assert "you own an agent" in api.vote("paul", by_owner).json()["title"]
    api.did("paul", "POST", f"/requests/{by_owner}/withdraw")
    gate.call(gate.assembly.accounts.create_user("pia", PASSWORD, by="init", groups=["privacy"]))
    by_reviewer = drafted(api, request, person="rita")
    assert "you edited it" in api.vote("rita", by_reviewer).json()["title"]
    assert api.vote("dora", by_reviewer).status_code == 409, "another group is not asked"
    assert tried(gate, OTHER_VALUE, user="robo", by="local:paul") == "LG001"


def test_who_drafted_one_that_came_into_force_has_loosened_a_rule(gate, api):
    request = approved(gate, api, by="paul")
    permit = drafted(api, request, person="rita")
    assert api.vote("paul", permit).json()["state"] == "APPROVED"
    assert tried(gate, "DELETE FROM task WHERE id = -1") == "LG001"
    assert "loosened a rule" in api.vote("rita", gate.pending()[0].id).json()["title"]


def test_a_bystander_a_token_and_a_key_draft_nothing(gate, api):
    body = {"request": approved(gate, api), "until": SOON.isoformat()}
    assert api.refused("alf", "POST", "/policy/allowed", body) == "only who asked or who decides may draft a permit"
    key = gate.call(gate.assembly.accounts.register_key("local:bot", by="local:ana")).token
    for token in (gate.token(), key, "lgs_forged"):
        for method, path in (
            ("POST", "/policy/allowed"),
            ("GET", "/policy/allowed"),
            ("POST", "/policy/allowed/x/revoke"),
        ):
            assert api("", method, path, body, token=token).status_code == 401


def test_only_what_people_have_approved_and_not_taken_back_may_recur(gate, api):
    assert tried(gate, DONE) == "LG001"
    request = gate.pending()[0].id
    body = {"request": request, "until": SOON.isoformat()}
    assert "the request is pending" in api.refused("ana", "POST", "/policy/allowed", body)
    api.vote("rita", request, approve=False)
    assert "the request is denied" in api.refused("ana", "POST", "/policy/allowed", body)


def test_a_denied_permit_does_not_come_back_with_another_date(gate, api):
    request = approved(gate, api)
    api.vote("rita", drafted(api, request), approve=False)
    body = {"request": request, "until": (SOON - datetime.timedelta(days=1)).isoformat()}
    assert "denied exactly this" in api.refused("ana", "POST", "/policy/allowed", body)


@pytest.mark.parametrize("days", [-1, 91, 3650])
def test_it_ends_within_ninety_days(gate, api, days):
    until = in_days(days).isoformat()
    body = {"request": approved(gate, api), "until": until}
    assert "within 90 days" in api.refused("ana", "POST", "/policy/allowed", body)


# what is nearly the same -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE task SET done = true WHERE title = '11'",
        "UPDATE task SET done = true WHERE id > 11",
        "UPDATE task SET done = true WHERE id = 11 OR true",
        "UPDATE task SET done = true WHERE id = 11 RETURNING id",
        "UPDATE task SET done = true",
        "UPDATE other.task SET done = true WHERE id = 11",
        "UPDATE public.task SET done = true WHERE id = 11",
        "DELETE FROM task WHERE id = 11",
        "UPDATE task SET done = true WHERE id = 11; UPDATE task SET done = true WHERE id = 12",
        "UPDATE task SET done = true WHERE id = abs(11)",
    ],
)
def test_a_statement_that_says_something_else_asks_people(gate, api, statement):
    permitted(gate, api)
    assert tried(gate, OTHER_VALUE) == ""
    assert tried(gate, statement) in ("LG001", "42703"), statement


@pytest.mark.parametrize(
    ("agreed", "nearly"),
    [
        ("COPY (SELECT n FROM pt_2023 LIMIT 10) TO STDOUT", "COPY (SELECT n FROM pt_2023 LIMIT 10000000) TO STDOUT"),
        ("COPY (SELECT n FROM pt_2023 LIMIT 10) TO STDOUT", "COPY (SELECT n FROM pt_2024 LIMIT 10) TO STDOUT"),
        ("COPY pt_2023 TO STDOUT", "COPY pt_2024 TO STDOUT"),
        ("COPY (SELECT id, done FROM task) TO STDOUT", "COPY (SELECT id, id, done FROM task) TO STDOUT"),
        ("COPY (SELECT id FROM task ORDER BY 1) TO STDOUT", "COPY (SELECT id FROM task ORDER BY 1 DESC) TO STDOUT"),
        (
            "COPY (SELECT id, id FROM task ORDER BY 1) TO STDOUT",
            "COPY (SELECT id, id FROM task ORDER BY 2) TO STDOUT",
        ),
        ("COPY pt_2023 TO STDOUT (FORMAT csv)", "COPY pt_2023 TO STDOUT (FORMAT csv, HEADER)"),
    ],
)
def test_keys_do_not_collide_where_a_fingerprint_would(gate, api, agreed, nearly):
    permitted(gate, api, agreed)
    assert tried(gate, agreed) == ""
    assert tried(gate, nearly) == "LG001"


def test_another_search_path_is_another_statement(gate, api, hospital):
    permitted(gate, api)
    assert tried(gate, DONE, "SET search_path = other, public") == "LG001"
    assert tried(gate, DONE, "SET search_path = public, other") == "LG001"
    assert tried(gate, DONE, "CREATE TEMP TABLE task2 (id int)") == "LG001"


def test_another_principal_asks_people(gate, api):
    permitted(gate, api)
    gate.call(gate.assembly.accounts.create_agent("twin", ["local:ana"], by="local:ana", groups=["agents"]))
    assert tried(gate, DONE, user="twin", by="local:ana") == "LG001"


def test_after_its_date_people_are_asked_also_in_a_session_that_was_open(gate, api, clock):
    permitted(gate, api, until=in_days(0))
    with gate.connect() as client:
        client.execute("SET lockgate.hold = 'fail'")
        client.execute(DONE)
        clock.days = 1
        with pytest.raises(psycopg.Error) as refused:
            client.execute(DONE)
    assert refused.value.sqlstate == "LG001"


def test_a_table_that_grew_a_column_or_a_trigger_is_another(gate, api, hospital):
    permitted(gate, api, "INSERT INTO pt_2023 VALUES (7)")
    assert tried(gate, "INSERT INTO pt_2023 VALUES (8)") == ""
    hospital.superuser("ALTER TABLE pt_2023 ADD COLUMN more text")
    gate.call(gate.assembly.connections["clinic"].check_schema())
    assert tried(gate, "INSERT INTO pt_2023 VALUES (9)") == "LG001"


def test_a_table_made_again_with_the_same_definition_is_the_same(gate, api, hospital):
    permitted(gate, api, "INSERT INTO pt_2023 VALUES (7)")
    hospital.superuser(
        "DROP TABLE pt_2023; CREATE TABLE pt_2023 (n int); GRANT ALL ON pt_2023 TO lockgate_gw;"
        "INSERT INTO pt_2023 SELECT generate_series(1, 50); ANALYZE pt_2023"
    )
    gate.call(gate.assembly.connections["clinic"].check_schema())
    assert tried(gate, "INSERT INTO pt_2023 VALUES (8)") == ""


def test_more_rows_than_were_agreed_ask_people(gate, api, hospital):
    permitted(gate, api, "COPY (SELECT n FROM pt_2023) TO STDOUT", max_rows=60)
    assert tried(gate, "COPY (SELECT n FROM pt_2023) TO STDOUT") == ""
    hospital.superuser("INSERT INTO pt_2023 SELECT generate_series(1, 5000); ANALYZE pt_2023")
    gate.assembly.connections["clinic"].resolver.forget()
    assert tried(gate, "COPY (SELECT n FROM pt_2023) TO STDOUT") == "LG001"


def test_a_looser_cap_asks_people_and_a_tighter_one_does_not(gate, api):
    permitted(gate, api, "COPY pt_2023 TO STDOUT", "SET lockgate.max_rows = 60")
    assert tried(gate, "COPY pt_2023 TO STDOUT", "SET lockgate.max_rows = 55") == ""
    for cap in ("61", "0"):
        assert tried(gate, "COPY pt_2023 TO STDOUT", f"SET lockgate.max_rows = {cap}") == "LG001"


def test_it_shows_nothing_that_was_not_named(gate, api):
    export = "COPY (SELECT id, name FROM patient WHERE id = 1) TO STDOUT"
    permitted(gate, api, export)
    assert tried(gate, export) == ""
    assert tried(gate, export, "SET lockgate.reveal = 'name'") == "LG001"


def test_another_way_to_mask_asks_people(gate, api):
    export = "COPY (SELECT id, name FROM patient WHERE id = 1) TO STDOUT"
    permitted(gate, api, export)
    gate.assembly.connections["clinic"].operators = {"name": "partial"}
    assert tried(gate, export) == "LG001"


INSERT = (
    "INSERT INTO patient (id, mrn, name, sex, born, ssn)"
    " VALUES (100001, 'M-100001', 'Some Body', 'f', '1990-01-01', '900-00-0001')"
)


def test_rows_it_may_write_are_no_dictionary_of_tokens(gate, api, hospital):
    with gate.connect() as client:
        assert client.execute("SELECT name FROM patient WHERE id = 1").fetchone()[0].startswith("NAME-")
    permitted(gate, api, INSERT)
    try:
        with gate.connect() as client:
            masked = client.execute("SELECT name FROM patient WHERE id = 1").fetchone()[0]
        assert not masked.startswith("NAME-"), "who writes chosen values could look their tokens up"
    finally:
        hospital.superuser("DELETE FROM patient WHERE id > 100000")


# what forbids ------------------------------------------------------------------------------------------------------
def test_a_forbid_still_forbids(gate, api, hospital):
    permitted(gate, api)
    (gate.state / "policies" / "late.cedar").write_text(
        '@id("no-tasks")\n@title("Nobody changes tasks")\n'
        'forbid (principal, action == Action::"sql.write", resource == Relation::"clinic/public.task");\n'
    )
    gate.call(gate.assembly.reload_policy(by="local:root"))
    assert tried(gate, DONE) == "LG002"
    assert load(gate.state / "policies").digest != gate.assembly.policy.current.digest


def test_no_permit_is_drafted_over_a_forbid_that_asks_people(gate, api):
    (gate.state / "policies" / "each.cedar").write_text(
        '@id("tasks-each-time")\n@title("A reviewer sees each change of a task")\n'
        'forbid (principal, action == Action::"sql.write", resource == Relation::"clinic/public.task")\n'
        'unless { context.satisfied.containsAny(["one-reviewer", "two-person"]) };\n'
    )
    gate.call(gate.assembly.reload_policy(by="local:root"))
    body = {"request": approved(gate, api), "until": SOON.isoformat()}
    assert "asks people about this each time" in api.refused("ana", "POST", "/policy/allowed", body)


def test_privileges_are_put_before_people_each_time(gate, api, hospital):
    assert tried(gate, "GRANT SELECT ON pt_2023 TO lockgate_gw") == "LG001"
    request = gate.pending()[0].id
    for name in ("rita", "dora"):
        assert api.vote(name, request).is_success
    body = {"request": request, "until": SOON.isoformat()}
    assert "sql.grant is put before people each time" in api.refused("ana", "POST", "/policy/allowed", body)


# the store and the disk --------------------------------------------------------------------------------------------
def test_a_permit_edited_in_the_store_is_void(gate, api, hospital):
    permit = permitted(gate, api)
    with sqlite3.connect(gate.state / "lockgate.db") as store:
        (facts,) = store.execute("SELECT facts FROM requests WHERE id = ?", (permit,)).fetchone()
        store.execute("UPDATE requests SET facts = ? WHERE id = ?", (facts.replace("sql.write", "sql.export"), permit))
    gate.call(gate.assembly.permits.refresh())
    assert not gate.assembly.policy.current.files.keys() & {f"allowed/{permit}.cedar"}
    assert logged(gate, "store.disbelieved")[-1]["request"] == permit
    assert tried(gate, DONE) == "LG001"


def test_a_revoked_permit_put_back_into_the_store_is_void(gate, api):
    permit = permitted(gate, api)
    with sqlite3.connect(gate.state / "lockgate.db") as store:
        before = store.execute("SELECT * FROM requests WHERE id = ?", (permit,)).fetchone()
        length = store.execute("SELECT max(number) FROM request_events WHERE request = ?", (permit,)).fetchone()[0]
    api.did("ana", "POST", f"/policy/allowed/{permit}/revoke", {})
    with sqlite3.connect(gate.state / "lockgate.db") as store:
        store.execute("DELETE FROM requests WHERE id = ?", (permit,))
        store.execute(f"INSERT INTO requests VALUES ({', '.join('?' * len(before))})", before)
        store.execute("DELETE FROM request_events WHERE request = ? AND number > ?", (permit, length))
    gate.call(gate.assembly.permits.refresh())
    assert tried(gate, DONE) == "LG001"


def test_an_ended_request_edited_in_the_store_is_no_example(gate, api):
    request = approved(gate, api)
    with sqlite3.connect(gate.state / "lockgate.db") as store:
        (facts,) = store.execute("SELECT facts FROM requests WHERE id = ?", (request,)).fetchone()
        edited = json.loads(facts)
        edited["repeat"]["rows"] = 10**6
        store.execute(
            "UPDATE requests SET facts = ? WHERE id = ?",
            (json.dumps(edited, separators=(",", ":"), sort_keys=True), request),
        )
    body = {"request": request, "until": SOON.isoformat()}
    assert "changed behind Lockgate" in api.refused("ana", "POST", "/policy/allowed", body)


def test_a_permit_laid_into_the_folder_is_refused(gate, api):
    permit = permitted(gate, api)
    text = gate.assembly.policy.current.files[f"allowed/{permit}.cedar"]
    api.did("ana", "POST", f"/policy/allowed/{permit}/revoke", {})
    (gate.state / "policies" / "allowed").mkdir()
    (gate.state / "policies" / "allowed" / f"{permit}.cedar").write_text(text)
    assert api("root", "POST", "/policy/reload").status_code == 400
    assert tried(gate, DONE) == "LG001"


def test_the_kill_switch_ends_it(gate, api):
    permit = permitted(gate, api)
    api.did("root", "POST", "/kill-switch", {"on": True, "reason": "drill"})
    assert api.did("rita", "GET", f"/requests/{permit}")["state"] == "REVOKED"
