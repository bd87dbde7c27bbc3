"""Values of patients go in by every door that takes a text; no page, address or log line of the console has them."""

from __future__ import annotations

import json
import logging

import psycopg
import pytest
import structlog

from lockgate.demo import hospital as hospital_data

NAME, NUMBER = "Zebulon Quackenbush", "917-65-4321"
SECRETS = ("Zebulon", "Quackenbush", "zebulon", "quackenbush", NUMBER)
SAID = f"about {NAME}, {NUMBER}"
STATEMENTS = (
    f"UPDATE task SET title = '{NAME}' WHERE id = 1",
    f"COPY (SELECT name FROM patient WHERE name = '{NAME}') TO STDOUT",
    f"UPDATE task SET done = true WHERE title LIKE '%{NAME}%' AND id IN (1, 2) -- {NUMBER}",
    f"SELECT name, ssn FROM patient WHERE ssn = '{NUMBER}'",
)


@pytest.fixture
def patient(hospital):
    """There is one of that name and number, also in what reviewers are shown a masked sample of."""
    name, number = hospital.superuser("SELECT name, ssn FROM patient WHERE id = 1").strip().split("|")
    hospital.superuser(f"UPDATE patient SET name = '{NAME}', ssn = '{NUMBER}' WHERE id = 1")
    yield
    name = name.replace("'", "''")
    hospital.superuser(f"UPDATE patient SET name = '{name}', ssn = '{number}' WHERE id = 1")


def held(agent, statement):
    """The SQLSTATE that stopped it, or "" where it ran."""
    try:
        if statement.startswith("COPY"):
            with agent.cursor().copy(statement) as rows:
                list(rows)
        else:
            agent.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate
    return ""


def ask(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        agent.execute("SET lockgate.reveal = 'name'")
        agent.execute(f"SET lockgate.reason = '{SAID}'")
        for statement in STATEMENTS:
            assert held(agent, statement) == "LG001", statement


def test_neither_in_html_nor_in_addresses_nor_in_log_lines(console, patient, hospital, caplog):
    gate = console.gate
    answers = []
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
        ask(gate)
        requests = gate.pending()
        assert len(requests) == len(STATEMENTS)
        rita = console.browser("rita")
        for number, request in enumerate(requests):
            what = "deny" if number % 2 else "approve"
            answers.append(rita.decide(request.id, what, words=SAID))
            assert answers[-1].status_code == 303
        for person in ("rita", "ana", "alf", "root"):
            browser = console.browser(person)
            for path in ("", "waiting", "all", *(f"requests/{request.id}" for request in requests)):
                answers.append(browser.get(f"/console/{path}"))
        answers.append(rita.get(f"/console/?after={NUMBER}"))
        answers.append(rita.get(f"/console/requests/{NUMBER}"))
        answers.append(rita.post(f"/console/requests/{NUMBER}/approve", {"words": SAID}))
    own = answers[-3:]
    for answer in answers:
        assert not [one for one in SECRETS if one in answer.text], str(answer.url)
        assert not [one for one in SECRETS if one in str(answer.headers)]
        assert answer in own or not [one for one in SECRETS if one in str(answer.url)]
    told = json.dumps(lines, default=repr) + "".join(r.getMessage() for r in caplog.records if "httpx" not in r.name)
    assert not [one for one in SECRETS if one in told]
    shown = "".join(answer.text for answer in answers)
    assert "rita denied: about [...]" in shown, "a reason was kept, masked"


def test_no_value_of_the_hospital_is_on_any_page(console, hospital):
    """All names, numbers and addresses of three hundred patients, against pages whose samples were read from them."""
    gate = console.gate
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        agent.execute("SET lockgate.reveal = 'name,ssn,phone,email,mrn'")
        for statement in (
            "COPY (SELECT mrn, name, ssn, phone, email FROM patient) TO STDOUT",
            "COPY (SELECT body FROM note) TO STDOUT",
            "UPDATE patient SET active = false WHERE id < 10",
        ):
            assert held(agent, statement) == "LG001", statement
    requests = gate.pending()
    assert requests
    rita = console.browser("rita")
    pages = [rita.page(f"/console/{box}") for box in ("", "all")]
    pages += [rita.page(f"/console/requests/{request.id}") for request in requests]
    told = "\n".join(pages)
    columns = ("mrn", "name", "ssn", "phone", "email", "street")
    rows = hospital.superuser(f"SELECT {', '.join(columns)} FROM patient").strip().splitlines()
    values = {value for row in rows for value in row.split("|")}
    assert len(values) > 1000
    assert not [value for value in values if value in told]
    assert any("some row of" in page for page in pages), "there are samples to be looked at"
    assert hospital_data.GATEWAY_ROLE in told
    assert hospital.password not in told
