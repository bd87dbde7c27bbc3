"""Bulk inserts and long IN lists: PostgreSQL's functions have 100 arguments, a statement up to 65,535 parameters.

Beyond 100 nothing is judged otherwise: what is masked, held and refused is the same as with few.
"""

from __future__ import annotations

import asyncio
import datetime
import threading

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lockgate.demo import hospital as hospital_data
from lockgate.gateways.postgres.lineage import Analysis, By, analyse
from lockgate.gateways.postgres.resolve import SidePool
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.services.catalog.model import parse_catalog
from support import start_gate, stop_gate

MANY = 150
FILLER = "$1::int IN (" + ", ".join(f"${i}" for i in range(1, MANY + 1)) + ")"
"""True where the first parameter is given; says nothing of any column."""
ONES = [1] * MANY
CATALOG = (
    hospital_data.CATALOG.read_text() + "\npublic.reading: {id: none, at: none, kind: none, value: none, tags: none}\n"
)
AT = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
ROWS = [(i, AT, f"kind {i % 7}", i / 4, [f"a{i}", "b"]) for i in range(1000)]
BULK = "INSERT INTO reading (id, at, kind, value, tags) VALUES "


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    hospital.superuser("CREATE TABLE reading (id int, at timestamptz, kind text, value float8, tags text[])")
    hospital.superuser(f"GRANT SELECT, INSERT, DELETE ON reading TO {hospital_data.GATEWAY_ROLE}")
    started = start_gate(hospital, tmp_path_factory.mktemp("many"), "limited-data-set")
    started.call(started.assembly.catalog.accept("clinic", CATALOG, by="init"))
    yield started
    stop_gate(started)
    hospital.superuser("DROP TABLE reading")


@pytest.fixture(autouse=True)
def no_readings(hospital, gate):
    hospital.superuser("TRUNCATE reading")


def readings(hospital):
    with hospital.direct() as direct:
        return direct.execute("SELECT id, at, kind, value, tags FROM reading ORDER BY id").fetchall()


def raw(gate, user="alf"):
    agent = gate.connect(user, cursor_factory=psycopg.RawCursor)
    agent.execute("SET lockgate.hold = 'fail'")
    return agent


# everyday ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("prepare", [True, False])
def test_psycopg_inserts_a_thousand_rows_in_one_statement(gate, hospital, prepare):
    with gate.connect("alf") as analyst:
        one = "(" + ", ".join(["%s"] * 5) + ")"
        analyst.execute(BULK + ", ".join([one] * 1000), [v for row in ROWS for v in row], prepare=prepare)
    assert readings(hospital) == ROWS


def test_sqlalchemy_inserts_many_values_and_has_them_returned(gate, hospital):
    given = gate.parameters("alf")
    engine = sa.create_engine(
        sa.URL.create("postgresql+psycopg", given["user"], given["password"], given["host"], given["port"], "clinic")
    )
    reading = sa.Table(
        "reading",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("kind", sa.Text),
        sa.Column("value", postgresql.DOUBLE_PRECISION),
        sa.Column("tags", postgresql.ARRAY(sa.Text)),
    )
    names = [column.name for column in reading.columns]
    with engine.begin() as analyst:
        returned = analyst.execute(
            reading.insert().returning(reading.c.id), [dict(zip(names, row, strict=True)) for row in ROWS]
        )
        assert sorted(returned.scalars()) == list(range(1000))
    engine.dispose()
    assert readings(hospital) == ROWS


async def test_asyncpg_inserts_many_values_and_asks_for_many_keys(gate, hospital):
    given = gate.parameters("alf")
    given["database"] = given.pop("dbname")
    analyst = await asyncpg.connect(**given)
    rows = ROWS[:200]
    places = ", ".join(f"(${5 * i + 1}, ${5 * i + 2}, ${5 * i + 3}, ${5 * i + 4}, ${5 * i + 5})" for i in range(200))
    await analyst.execute(BULK + places, *[value for row in rows for value in row])
    keys = ", ".join(f"${i}" for i in range(1, 501))
    found = await analyst.fetch(f"SELECT id, name FROM patient WHERE id IN ({keys}) ORDER BY id", *range(500))
    await analyst.close()
    assert readings(hospital) == rows
    assert [row["id"] for row in found] == list(range(1, 301))
    assert all(row["name"].startswith("NAME-") for row in found)


def test_every_parameter_of_the_protocol_may_be_used_while_others_work(gate):
    numbers = list(range(65_535))
    sql = "SELECT id, name FROM patient WHERE id IN (" + ", ".join(f"${i + 1}" for i in numbers) + ") ORDER BY id"
    answered = threading.Event()

    def other():
        count = 0
        with gate.connect("alf") as analyst:
            while not answered.is_set():
                assert analyst.execute("SELECT count(*) FROM ward").fetchone() == (6,)
                count += 1
        return count

    others = gate.in_background(other)
    try:
        with raw(gate) as analyst:
            rows = analyst.execute(sql, numbers).fetchall()
    finally:
        answered.set()
    assert [row[0] for row in rows] == list(range(1, 301))
    assert all(row[1].startswith("NAME-") for row in rows)
    assert others.result(60) > 0


def test_more_types_than_arguments_is_an_error_of_postgresql(gate, hospital):
    hospital.superuser("".join(f"CREATE TYPE choice_{i} AS ENUM ('a');" for i in range(101)))
    asked = ", ".join(f"${i + 1}::choice_{i}" for i in range(101))
    try:
        with raw(gate) as analyst:
            with pytest.raises(psycopg.errors.TooManyArguments):
                analyst.execute(f"SELECT {asked}", ["a"] * 101)
            assert analyst.execute("SELECT count(*) FROM ward").fetchone() == (6,)
    finally:
        hospital.superuser("".join(f"DROP TYPE choice_{i};" for i in range(101)))


# attempts ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT id FROM patient WHERE {FILLER} AND ssn = $151",
        f"SELECT id FROM patient WHERE {FILLER} AND ssn = ANY (ARRAY[$151])",
        f"SELECT CASE WHEN name LIKE $151 THEN 1 END FROM patient WHERE {FILLER}",
        f"SELECT id FROM patient WHERE {FILLER} AND ($151::text[])[length(ssn)] IS NULL",
        f"SELECT id FROM patient WHERE {FILLER} ORDER BY ssn = $151",
        f"SELECT p.id FROM patient p JOIN (VALUES ($151)) g(s) ON g.s = p.ssn WHERE {FILLER}",
        f"WITH g AS (SELECT $151 AS s) SELECT count(*) FROM patient WHERE ssn IN (SELECT s FROM g) AND {FILLER}",
        f"SELECT id FROM patient WHERE '$7' = '$7' /* $8 */ AND {FILLER} AND ssn = $151 -- $9",
    ],
)
def test_a_hidden_column_is_compared_with_a_late_parameter(gate, sql):
    with raw(gate) as analyst, pytest.raises(psycopg.Error) as refused:
        analyst.execute(sql, [*ONES, "{911-11-1111}" if "text[]" in sql else "911-11-1111"])
    assert refused.value.sqlstate == "LG001"


@pytest.mark.parametrize(
    "output",
    [
        "$151::text || ssn",
        "coalesce($151, ssn)",
        "(ARRAY[$151, ssn])[2]",
        "(SELECT s FROM (SELECT ssn UNION ALL SELECT $151) u(s) LIMIT 1 OFFSET 0)",
        "($151::text[] || ssn)[2]",
    ],
)
def test_an_output_beside_a_late_parameter_is_masked(gate, hospital, output):
    with hospital.direct() as direct:
        real = {row[0] for row in direct.execute("SELECT ssn FROM patient")}
    value = "{x}" if "text[]" in output else "x"
    with raw(gate) as analyst:
        rows = analyst.execute(f"SELECT {output} FROM patient WHERE {FILLER}", [*ONES, value]).fetchall()
    assert len(rows) == 300
    assert {row[0] for row in rows} == {"[SSN]"}
    assert not any(secret in str(rows) for secret in real)


def test_a_token_is_not_written_by_a_late_parameter(gate, hospital):
    with raw(gate) as analyst:
        token = analyst.execute("SELECT ssn FROM patient WHERE id = 1").fetchone()[0]
        assert token.startswith("SSN-")
        values = [value for row in ROWS[:60] for value in row]
        values[202] = token
        places = ", ".join("(" + ", ".join(f"${5 * i + k}" for k in range(1, 6)) + ")" for i in range(60))
        with pytest.raises(psycopg.Error, match="kind"):
            analyst.execute(BULK + places, values)
    assert readings(hospital) == []


def test_phi_does_not_come_to_lie_in_a_clean_column(gate, hospital):
    with raw(gate) as analyst, pytest.raises(psycopg.Error) as refused:
        analyst.execute(f"INSERT INTO reading (kind) SELECT $151 || ssn FROM patient WHERE {FILLER}", [*ONES, "x"])
    assert refused.value.sqlstate in ("LG001", "LG002")
    assert readings(hospital) == []


# the same as by the other way, where parameters are what they are -----------------------------------------------------
@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT ssn, $151 || name FROM patient WHERE {FILLER} AND mrn = ANY ($152) AND id = $153",
        f"SELECT ($151::int[])[$2], ($151)[1:2], $152::text[] FROM ward WHERE {FILLER} LIMIT $153 OFFSET $154",
        f"SELECT $151::jsonb -> 'a', ($152::jsonb)['b'], ($153::patient).ssn, $154::patient FROM ward WHERE {FILLER}",
        f"SELECT sum(cost) OVER (ORDER BY id ROWS $151 PRECEDING) FROM encounter WHERE {FILLER} GROUP BY id, $152::int",
        f"UPDATE task SET (title, done) = ($151, $152), id = DEFAULT WHERE {FILLER} RETURNING $153::date, old.title",
        f"MERGE INTO task t USING patient p ON p.id = t.id AND p.mrn = $151 WHEN MATCHED AND {FILLER} THEN DELETE",
        f"SELECT DISTINCT ON ($151::int) name FROM patient WHERE {FILLER} AND admitted_at($152) IS NULL",
        f"SELECT substring(name FROM $151 FOR $152), name LIKE $153 ESCAPE $154 FROM patient WHERE {FILLER}",
        f"SELECT JSON_VALUE($151::jsonb, '$.a' PASSING $152 AS x), now() AT TIME ZONE $153 FROM ward WHERE {FILLER}",
        BULK + ", ".join("(" + ", ".join(f"${5 * i + k}" for k in range(1, 6)) + ")" for i in range(40)),
    ],
)
def test_it_is_found_what_the_other_way_finds(hospital, sql):
    catalog = parse_catalog(CATALOG)

    async def both():
        pool = SidePool(parse_target(hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic"), hospital.password))
        async with pool.lend("public, pg_temp") as side:
            found = [await analyse(sql, (), side, catalog, {}, "clinic", by) for by in By]
        pool.close()
        return found

    function, log = asyncio.run(both())
    assert function == log
    assert isinstance(function, Analysis) or "admitted_at" in sql
