"""Check, explain, test and reload over the API: who may ask, what comes out, and that a broken set changes nothing."""

from __future__ import annotations

import json

import psycopg
import pytest

PERMIT = (
    '@id("ana-reads") @title("Ana reads")\n'
    'permit (principal == User::"local:ana", action == Action::"sql.export", resource);\n'
)
FILES = {"mine.cedar": PERMIT, "profiles.yaml": ""}
TABLE = "people: {ana: {}}\ntests:\n  - {who: ana, do: sql.export clinic, expect: allow}\n"
ASK = {"do": ["sql.export clinic"]}


def write(gate, name: str, text: str) -> None:
    (gate.state / "policies" / name).write_text(text)


def changes(gate):
    return [json.loads(event["leaf"])["body"] for event in gate.events("policy.changed")]


def test_a_broken_set_is_refused_with_its_line_and_the_old_one_stays_in_force(api, gate):
    before = api("root", "GET", "/policy").json()["digest"]
    write(gate, "more.cedar", '@id("a")\npermit (principal is User, action == Action::"sql.dorp", resource);\n')
    answer = api("root", "POST", "/policy/reload")
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "LG012"
    assert problem["title"].startswith("more.cedar:1: ")
    assert problem["detail"] == 'in the policy "a"'
    assert api("root", "GET", "/policy").json()["digest"] == before
    assert api("ana", "POST", "/policy/explain", ASK).json()["explanation"]["effect"] == "require"
    started, event = changes(gate)
    assert started["before"] == ""
    assert (event["by"], event["refused"], event["after"]) == ("local:root", True, before)


def test_a_policy_that_would_overflow_its_parser_is_refused(api, gate):
    deep = "(" * 100_000 + "true" + ")" * 100_000
    for text in (deep, " && ".join(["true"] * 30_000), "context" + ".rows" * 30_000, "if true then " * 30_000):
        body = '@id("deep") permit (principal is User, action == Action::"sql.select", resource) when { ' + text + " };"
        write(gate, "deep.cedar", body)
        assert "deep.cedar:1: " in api("root", "POST", "/policy/reload").json()["title"]


def test_a_good_set_comes_into_force_and_says_what_changed(api, gate):
    write(gate, "mine.cedar", PERMIT)
    answer = api("root", "POST", "/policy/reload").json()
    assert answer["before"] != answer["after"]
    assert answer["changes"]["policies"] == {"added": ["ana-reads"], "removed": [], "changed": []}
    assert "no-people" in {finding["code"] for finding in answer["findings"]}
    said = api("ana", "POST", "/policy/explain", ASK).json()
    assert said["explanation"]["effect"] == "allow"
    assert "Ana reads (ana-reads)" in said["text"]
    started, event = changes(gate)
    assert started["before"] == ""
    assert (event["by"], event["after"]) == ("local:root", answer["after"])
    again = api("root", "POST", "/policy/reload").json()
    assert again["before"] == again["after"] == answer["after"]
    assert changes(gate) == [started, event], "no change, no event"


def test_whoever_put_another_set_in_force_cannot_approve_what_rests_on_it(api, gate):
    assert api("root", "POST", "/people/local:rita/groups", {"join": ["admins"]}).is_success
    write(gate, "mine.cedar", PERMIT)
    assert api("rita", "POST", "/policy/reload").is_success
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(psycopg.Error, match="waiting for approval"):
            agent.execute("COPY (SELECT id FROM patient) TO STDOUT")
    waiting = gate.wait_pending()
    refused = api.vote("rita", waiting.id)
    assert refused.status_code == 409
    assert "loosened" in refused.text
    assert api.vote("paul", waiting.id).json()["state"] == "APPROVED"


def test_only_administrators_and_deciders_read_or_try_the_rules(api, gate):
    for path, body in (
        ("/policy/check", {}),
        ("/policy/check", {"files": FILES}),
        ("/policy/test", {"table": TABLE}),
        ("/policy/explain", {**ASK, "files": FILES}),
        ("/policy/explain", {**ASK, "satisfied": ["two-person"]}),
        ("/policy/explain", {**ASK, "break_glass": True}),
        ("/policy/explain", {**ASK, "address": "10.0.0.1"}),
    ):
        assert api("ana", "POST", path, body).status_code == 403
        assert api("rita", "POST", path, body).is_success
        assert api("root", "POST", path, body).is_success
        assert api("", "POST", path, body).status_code == 401
        assert api("", "POST", path, body, token=gate.token()).status_code == 401
    assert api("rita", "POST", "/policy/reload").status_code == 403


def test_others_learn_what_policy_answers_to_them_and_their_agents_and_nothing_of_others(api):
    export = {"do": ["sql.export clinic/public.patient"], "classes": ["ssn"]}
    own = api("ana", "POST", "/policy/explain", {**export, "who": "bot"}).json()["explanation"]
    assert (own["effect"], own["profiles"]) == ("require", ["one-reviewer"])
    assert (
        api("alf", "POST", "/policy/explain", export).json()["explanation"]["questions"][0]["principal"] == "local:alf"
    )
    for somebody in ("bot", "ana", "nobody-of-that-name"):
        answer = api("alf", "POST", "/policy/explain", {**export, "who": somebody})
        assert (answer.status_code, answer.json()["title"]) == (
            403,
            "you may ask for yourself and for the agents that you own",
        )
    assert api("rita", "POST", "/policy/explain", {**export, "who": "bot"}).json()["explanation"] == own
    assert api("rita", "POST", "/policy/explain", {**export, "who": "nobody"}).status_code == 400


def test_a_submitted_set_is_tried_and_not_put_in_force(api):
    before = api("root", "GET", "/policy").json()["digest"]
    found = api("rita", "POST", "/policy/check", {"files": FILES, "table": TABLE}).json()
    assert [(f["file"], f["line"], f["code"]) for f in found["findings"]] == [("mine.cedar", 1, "no-people")]
    broken = api("rita", "POST", "/policy/check", {"files": {**FILES, "b.cedar": "\npermit ("}}).json()["findings"]
    assert (broken[0]["file"], broken[0]["line"], broken[0]["code"]) == ("b.cedar", 2, "does-not-load")
    said = api("rita", "POST", "/policy/explain", {**ASK, "who": "ana", "files": FILES}).json()["explanation"]
    assert said["effect"] == "allow"
    (under_mine,) = api("rita", "POST", "/policy/test", {"table": TABLE, "files": FILES}).json()
    (in_force,) = api("rita", "POST", "/policy/test", {"table": TABLE}).json()
    assert (under_mine["passed"], in_force["passed"]) == (True, False)
    assert in_force["line"] == 3
    assert api("root", "GET", "/policy").json()["digest"] == before


@pytest.mark.parametrize(
    "body",
    [
        {"do": []},
        {"do": ["sql.select"]},
        {"do": ["sql.dorp clinic"]},
        {"do": ["sql.select clinic"], "classes": ["nhs"]},
        {"do": ["sql.select clinic"], "files": {"../../etc/passwd": "x"}},
        {"do": ["sql.select clinic"], "files": {f"{i}.cedar": "x" * 400_000 for i in range(2)}},
    ],
)
def test_what_cannot_be_read_is_refused(api, body):
    assert api("root", "POST", "/policy/explain", body).status_code in (400, 422)
