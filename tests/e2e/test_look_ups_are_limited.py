"""Looking a record up by its number is free, up to a number of records an hour; each member of a list counts."""

from __future__ import annotations

import psycopg
import pytest

from lockgate.services.approvals import Rules
from support import start_gate, stop_gate

MOST = 12


@pytest.fixture
def gate(hospital, tmp_path):
    started = start_gate(hospital, tmp_path, "ai-agents", rules=Rules(cooling_s=0, lookups_per_hour=MOST))
    yield started
    stop_gate(started)


@pytest.fixture(scope="module")
def numbers(hospital):
    with hospital.direct() as direct:
        return [row[0] for row in direct.execute("SELECT mrn FROM patient ORDER BY id LIMIT 20")]


def literal(numbers):
    return "'{" + ",".join(numbers) + "}'"


def ways(numbers):
    """The same five records, in each way to name them."""
    five = numbers[:5]
    listed = ", ".join(f"'{n}'" for n in five)
    ored = " OR ".join(f"mrn = '{n}'" for n in five)
    return {
        "in": (f"SELECT id FROM patient WHERE mrn IN ({listed})", None),
        "any-literal": (f"SELECT id FROM patient WHERE mrn = ANY ({literal(five)})", None),
        "any-array": (f"SELECT id FROM patient WHERE mrn = ANY (ARRAY[{listed}])", None),
        "any-parameter": ("SELECT id FROM patient WHERE mrn = ANY (%s)", (five,)),
        "or": (f"SELECT id FROM patient WHERE {ored}", None),
        "parameters": ("SELECT id FROM patient WHERE mrn IN (%s, %s, %s, %s, %s)", tuple(five)),
    }


@pytest.mark.parametrize("way", ["in", "any-literal", "any-array", "any-parameter", "or", "parameters"])
@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_each_record_that_is_asked_for_counts(gate, numbers, way, binary):
    statement, values = ways(numbers)[way]
    if binary and way == "any-parameter":
        statement = statement.replace("%s", "%b")
    with gate.connect() as agent:
        for _ in range(2):
            assert len(agent.execute(statement, values, binary=binary).fetchall()) == 5
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(statement, values, binary=binary)
        assert refused.value.sqlstate == "LG002"
        assert "at most 12 records" in str(refused.value) and "10 were" in str(refused.value)
        assert len(agent.execute("SELECT id FROM patient WHERE mrn = %s", (numbers[0],)).fetchall()) == 1, (
            "two are left"
        )


def test_prepared_executions_count_one_by_one_and_arrays_by_their_members(gate, numbers):
    with gate.connect() as agent:
        agent.execute("PREPARE one(text) AS SELECT id FROM patient WHERE mrn = $1")
        for number in numbers[:4]:
            agent.execute(f"EXECUTE one('{number}')")
        agent.execute("PREPARE many(text[]) AS SELECT id FROM patient WHERE mrn = ANY ($1)")
        agent.execute(f"EXECUTE many({literal(numbers[:8])})")
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(f"EXECUTE one('{numbers[0]}')")
        assert "at most 12 records" in str(refused.value)


SPELLED = {
    "escaped": lambda numbers: "E'{" + r"\x2c".join(numbers) + "}'",
    "unicode": lambda numbers: r"U&'{" + r"\002C".join(numbers) + "}'",
    "array": lambda numbers: "ARRAY[" + ", ".join(f"'{n}'" for n in numbers) + "]",
    "cast": lambda numbers: "'{" + ",".join(numbers) + "}'::int8[]::text[]",
    "vector": lambda numbers: "'" + " ".join(numbers) + "'::oidvector::text[]",
    "joined": lambda numbers: " || ".join(f"ARRAY['{n}']" for n in numbers),
    "joined-text": lambda numbers: "('{" + r"' || E'\x2c' || '".join(numbers) + "}')::text[]",
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=list(SPELLED))
def test_the_members_of_an_executes_array_count_however_they_are_written(gate, numbers, spelled):
    with gate.connect(cursor_factory=psycopg.ClientCursor) as agent:
        agent.execute("PREPARE many(text[]) AS SELECT id FROM patient WHERE mrn = ANY ($1)")
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(f"EXECUTE many({spelled(numbers[: MOST + 1])})")
        assert refused.value.sqlstate == "LG002"


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_what_a_cursor_will_look_up_counts_when_it_is_declared(gate, numbers, binary):
    listed = f"SELECT id FROM patient WHERE mrn = ANY ({literal(numbers[:MOST])})"
    with gate.connect(autocommit=False) as agent:
        agent.execute(f"DECLARE c CURSOR FOR {listed}", binary=binary)
        assert len(agent.execute("FETCH ALL FROM c").fetchall()) == MOST
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(f"DECLARE again CURSOR FOR {listed}", binary=binary)
        assert "at most 12 records" in str(refused.value)


def test_what_a_cursor_is_asked_for_by_a_parameter_counts_too(gate, numbers):
    with gate.connect(autocommit=False) as agent:
        with pytest.raises(psycopg.Error) as refused:
            agent.execute("DECLARE c CURSOR FOR SELECT id FROM patient WHERE mrn = ANY (%s)", (numbers[: MOST + 1],))
        assert "at most 12 records" in str(refused.value)


def test_another_session_of_the_same_principal_shares_the_hour_and_another_principal_does_not(gate, numbers):
    listed = f"SELECT id FROM patient WHERE mrn = ANY ({literal(numbers[:MOST])})"
    with gate.connect() as agent:
        agent.execute(listed)
    with gate.connect() as again, pytest.raises(psycopg.Error):
        again.execute(f"SELECT id FROM patient WHERE mrn = '{numbers[0]}'")
    with gate.connect("alf") as analyst:
        assert len(analyst.execute(listed).fetchall()) == MOST


def test_what_was_refused_is_not_counted(gate, numbers):
    with gate.connect() as agent:
        with pytest.raises(psycopg.Error):
            agent.execute(f"SELECT id FROM patient WHERE mrn = ANY ({literal(numbers[: MOST + 1])})")
        assert (
            len(agent.execute(f"SELECT id FROM patient WHERE mrn = ANY ({literal(numbers[:MOST])})").fetchall()) == MOST
        )
