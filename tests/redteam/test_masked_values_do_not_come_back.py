"""A program writes every field that it has read, or compares with it: a masked value is refused, its column named."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.gateways.postgres.masking.tokens import TokenWatch
from support import start_gate, stop_gate

TOKEN = "NAME-0123456789ABC"


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("back"), "ai-agents")
    yield started
    stop_gate(started)


@pytest.mark.parametrize("value", [TOKEN, "[NAME]", "[SSN]", "SSN-0123456789ABC"])
@pytest.mark.parametrize(
    ("column", "statement"),
    [
        ("name", "INSERT INTO patient (id, name) VALUES (1, {})"),
        ("name", "INSERT INTO patient (name, mrn) VALUES ('Ada', 'x'), ({}, 'y')"),
        ("name", "UPDATE patient SET active = true, name = {} WHERE id = 1"),
        ("ssn", "UPDATE task SET done = true WHERE EXISTS (SELECT 1 FROM patient p WHERE p.ssn = {})"),
        ("mrn", "SELECT id FROM patient WHERE mrn = {}"),
        ("mrn", "SELECT id FROM patient p WHERE {} = p.mrn"),
        ("mrn", "SELECT id FROM patient WHERE mrn IN ('x', {})"),
    ],
)
@pytest.mark.parametrize("parameter", [False, True], ids=["literal", "parameter"])
def test_a_masked_value_is_refused_and_its_column_named(gate, value, column, statement, parameter):
    text, values = (statement.format("%s"), (value,)) if parameter else (statement.format(f"'{value}'"), None)
    with gate.connect() as agent, pytest.raises(psycopg.Error) as refused:
        agent.execute(text, values)
    assert refused.value.sqlstate == "LG002"
    assert f"masked value for {column}" in str(refused.value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("cut", range(1, len(TOKEN)))
def test_a_token_is_seen_wherever_a_stream_is_cut(cut):
    watch = TokenWatch()
    assert [watch.sees(part.encode()) for part in (f"1\t{TOKEN[:cut]}", f"{TOKEN[cut:]}\n2\tx")][-1]


def copy_in(agent, *parts):
    with agent.cursor().copy("COPY t (v) FROM STDIN") as copy:
        for part in parts:
            copy.write(part)


def test_rows_copied_in_hold_no_masked_value(gate):
    with gate.connect() as agent:
        agent.execute("CREATE TEMP TABLE t (v text)")
        with pytest.raises(psycopg.Error) as refused:
            copy_in(agent, "fine\n", TOKEN[:7], f"{TOKEN[7:]}\n")
        assert refused.value.sqlstate == "LG002"
        copy_in(agent, "fine\nalso\n")
        assert agent.execute("SELECT count(*) FROM t").fetchone() == (2,), (
            "the session goes on, and only these are there"
        )
