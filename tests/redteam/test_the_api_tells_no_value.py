"""Values of patients are put through every door of the API that takes a text, by people who know them; nobody who did
not is told them by any door that answers: reviewers, colleagues, administrators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support import tried

NAME, NUMBER = "Zebulon Quackenbush", "917-65-4321"
SECRETS = ("Zebulon", "Quackenbush", NUMBER)
SAID = f"about {NAME}, {NUMBER}"
WRITE = f"UPDATE task SET title = '{NAME}' WHERE id = 1"
STATEMENTS = [
    WRITE,
    f"SELECT name FROM patient WHERE ssn = '{NUMBER}'",
    f"COPY (SELECT name FROM patient WHERE name = '{NAME}') TO STDOUT",
    f"UPDATE task SET done = true WHERE title LIKE '%{NAME}%' AND id IN (1, 2)",
]
ASKER = {"connection": "clinic", "account": "local:bot", "reason": SAID}
EVERYWHERE = (
    "/requests?limit=500",
    "/audit/events?limit=1000",
    "/people",
    "/policy",
    "/policy/allowed",
    "/standing",
    "/catalog/clinic",
    "/health",
    "/restore",
    "/reviewers",
    "/notices/undelivered",
)


def put(gate, api):
    """Ask, edit, vote, permit, stop: with the values in all that is free text."""
    batch = api.did("ana", "POST", "/batches", {**ASKER, "statements": STATEMENTS})["batch"]
    grant = {**ASKER, "statement": STATEMENTS[3], "uses": 2, "minutes": 5}
    api.did("ana", "POST", "/standing", grant)
    edited = next(r["id"] for r in api.did("rita", "GET", "/requests") if r["operation"] == "sql.export")
    api("ana", "POST", f"/requests/{edited}/edit", {"statement": f"{STATEMENTS[2]} (FORMAT csv)", "reason": SAID})
    for request in api.did("rita", "GET", "/requests?state=pending"):
        body = {key: request[key] for key in ("action_digest", "view_digest")}
        kind = request["kind"] == "standing"
        api("rita", "POST", f"/requests/{request['id']}/vote", {**body, "approve": not kind, "reason": SAID})
    assert tried(gate, WRITE) == "", "it has been approved"
    (done,) = api.did("rita", "GET", "/requests?state=succeeded")
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    api.did("ana", "POST", "/policy/allowed", {"request": done["id"], "until": until})
    api.did("root", "POST", "/kill-switch", {"on": True, "reason": SAID})
    return batch


@pytest.fixture
def patient(hospital):
    """There is one of that name and number, also in what reviewers are shown a masked sample of."""
    kept = hospital.superuser("SELECT name, ssn FROM patient WHERE id = 1").strip().split("|")
    title = hospital.superuser("SELECT title FROM task WHERE id = 1").strip()
    hospital.superuser(f"UPDATE patient SET name = '{NAME}', ssn = '{NUMBER}' WHERE id = 1")
    yield
    name, number = (value.replace("'", "''") for value in kept)
    hospital.superuser(f"UPDATE patient SET name = '{name}', ssn = '{number}' WHERE id = 1")
    hospital.superuser(f"UPDATE task SET title = '{title}' WHERE id = 1")


def test_what_was_put_in_as_text_comes_out_nowhere(gate, api, patient):
    batch = put(gate, api)
    requests = [r["id"] for r in api.did("rita", "GET", "/requests?limit=500")]
    assert len(requests) >= 6
    for person in ("alf", "rita", "root"):
        for path in (*EVERYWHERE, f"/batches/{batch}", *(f"/requests/{name}" for name in requests)):
            told = api(person, "GET", path).text
            assert not [secret for secret in SECRETS if secret in told], (person, path)
