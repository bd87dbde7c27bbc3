"""What a reviewer is shown of the data itself: a few rows of the base tables, read by Lockgate, masked, logged."""

from __future__ import annotations

import json

import psycopg
import pytest

from lockgate.action import digest

PHI = "mrn name born ssn phone email street city zip".split()
"""A state is no identifier (164.514(b)(2)(i)(B)); the rest differs even where it is only made coarser."""


def held(gate, sql, *settings, user="bot"):
    """The request that this statement waits as."""
    with gate.connect(user) as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        for setting in settings:
            agent.execute(setting)
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(sql)
    assert refused.value.sqlstate == "LG001", refused.value
    return gate.pending()[0]


def cells(row):
    return dict(cell.split(": ", 1) for cell in row[1:])


def test_an_export_shows_five_rows_of_its_table_with_every_class_masked(gate, hospital):
    request = held(gate, "COPY (SELECT id, name FROM patient WHERE active) TO STDOUT")
    sample = request.view["sample"]
    assert [row[0] for row in sample] == ["public.patient"] * 5
    with hospital.direct() as direct:
        real = direct.execute("SELECT * FROM patient LIMIT 5")
        names = [column.name for column in real.description]
        rows = [dict(zip(names, map(str, row), strict=True)) for row in real]
    for row, true in zip(sample, rows, strict=True):
        shown = cells(row)
        assert (shown["id"], shown["sex"]) == (true["id"], true["sex"]), "what is clean is shown"
        assert shown["name"].startswith("NAME-")
        assert not [column for column in PHI if shown.get(column) == true[column]]
    told = json.dumps(request.view) + "\n".join(request.lines)
    assert not [true[c] for true in rows for c in ("mrn", "name", "ssn", "phone", "email", "street") if true[c] in told]
    assert sum(line.startswith("some row of public.patient, masked: id: ") for line in request.lines) == 5


def test_what_the_request_asks_to_see_is_masked_in_the_sample_all_the_same(gate):
    request = held(gate, "SELECT id, name FROM patient", "SET lockgate.reveal = 'name'")
    assert "name" in request.view["shown_unmasked"]
    assert {cells(row)["name"][:5] for row in request.view["sample"]} == {"NAME-"}


def test_free_text_is_not_trusted_to_detection(gate):
    request = held(gate, "COPY note TO STDOUT")
    assert {cells(row)["body"] for row in request.view["sample"]} == {"[TEXT]"}


def test_the_sample_is_part_of_what_a_vote_binds_to(gate):
    request = held(gate, "COPY (SELECT id, name FROM patient) TO STDOUT")
    stored = {"body": request.view, "lines": list(request.lines)}
    assert digest("view", stored) == request.view_digest
    changed = json.loads(json.dumps(stored))
    changed["body"]["sample"][0][1] = "id: 0"
    assert digest("view", changed) != request.view_digest


def test_reading_it_is_logged_before(gate):
    held(gate, "COPY (SELECT id, name FROM patient) TO STDOUT")
    (event,) = gate.events("view.sampled")
    body = json.loads(event["leaf"])["body"]
    said = {name: body[name] for name in ("connection", "principal", "tables", "most_rows")}
    assert said == {"connection": "clinic", "principal": "local:bot", "tables": ["public.patient"], "most_rows": 5}


def test_asking_again_reads_no_second_sample(gate):
    statement = "COPY (SELECT id, name FROM patient) TO STDOUT"
    first = held(gate, statement)
    assert held(gate, statement).id == first.id
    gate.vote(first, "rita")
    with gate.connect() as agent, agent.cursor().copy(statement) as rows:
        assert len(list(rows)) > 1
    assert len(gate.events("view.sampled")) == 1


def test_a_view_is_sampled_where_its_rows_come_from(gate):
    request = held(gate, "COPY (SELECT * FROM current_inpatients) TO STDOUT")
    assert {row[0] for row in request.view["sample"]} == {"public.patient", "public.encounter", "public.ward"}


@pytest.fixture
def odd_tables(hospital):
    hospital.superuser(
        "CREATE TABLE unreviewed (id int, ward_id int, words text); INSERT INTO unreviewed VALUES (1, 1, 'Jane');"
        "ALTER TABLE task ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON task USING (true);"
        "GRANT SELECT ON unreviewed TO lockgate_gw"
    )
    yield
    hospital.superuser(
        "DROP TABLE unreviewed; DROP POLICY everything ON task; ALTER TABLE task DISABLE ROW LEVEL SECURITY"
    )


@pytest.mark.usefixtures("odd_tables")
@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT w.name FROM ward w JOIN unreviewed u ON u.ward_id = w.id) TO STDOUT",
        "COPY task TO STDOUT",
        "UPDATE task SET done = true WHERE id = 1",
        "GRANT SELECT ON patient TO reporting",
    ],
    ids=["a table that nobody reviewed", "a row policy", "a write", "a grant"],
)
def test_where_anything_is_in_doubt_nothing_is_read_and_nothing_shown(gate, sql):
    request = held(gate, sql)
    assert request.view["sample"] == []
    assert gate.events("view.sampled") == []
