"""Real clients, unchanged: psql, psycopg (every mode), asyncpg, SQLAlchemy, their pools, pgbench."""

from __future__ import annotations

import asyncio
import os
import subprocess

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from psycopg_pool import ConnectionPool
from sqlalchemy.ext.asyncio import create_async_engine


def psql(gate, hospital, *commands: str, user: str = "bot") -> str:
    parameters = gate.parameters(user)
    arguments = [str(hospital.server.bin / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    for command in commands:
        arguments += ["-c", command]
    url = f"postgresql://{user}@127.0.0.1:{gate.port}/clinic"
    done = subprocess.run(
        [*arguments, url],
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": parameters["password"]},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command",
    ["\\d", "\\dt+", "\\d patient", "\\d+ encounter", "\\dv", "\\di", "\\df", "\\dn", "\\du", "\\l", "\\dp", "\\ds"],
)
def test_psql_describes_the_schema(gate, hospital, command):
    direct = subprocess.run(
        [
            str(hospital.server.bin / "psql"),
            "-X",
            "-A",
            "-t",
            "-c",
            command,
            hospital.server.url("lockgate_gw", "clinic"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": hospital.password},
        check=True,
    )
    assert psql(gate, hospital, command) == direct.stdout


def test_psql_copies_rows_in_every_form(gate, hospital):
    out = psql(gate, hospital, "SELECT id, name FROM patient ORDER BY id LIMIT 3")
    assert all(line.split("|")[1].startswith("NAME-") for line in out.split())


@pytest.mark.parametrize("binary", [False, True])
def test_psycopg_prepares_and_fetches_in_both_formats(gate, hospital, binary):
    with gate.connect() as mine, hospital.direct() as direct:
        for _ in range(8):  # from the fifth on psycopg prepares
            query, values = "SELECT id, beds, name FROM ward WHERE id = %s", (3,)
            assert (
                mine.cursor(binary=binary).execute(query, values).fetchall() == direct.execute(query, values).fetchall()
            )
        rows = (
            mine.cursor(binary=binary)
            .execute("SELECT id, name, born FROM patient WHERE id = ANY(%s)", ([1, 2],))
            .fetchall()
        )
    assert all(name.startswith("NAME-") and (born.month, born.day) == (1, 1) for _, name, born in rows)


def test_psycopg_pipelines(gate):
    with gate.connect() as agent, agent.pipeline():
        cursors = [agent.execute("SELECT %s::int + 1, name FROM patient WHERE id = %s", (i, i)) for i in range(1, 6)]
        assert [c.fetchone()[0] for c in cursors] == [2, 3, 4, 5, 6]


def test_a_pipeline_may_be_followed_by_a_simple_query(gate):
    """psycopg sends a Flush behind the Sync that ends its pipeline; a Flush alone opens nothing."""
    with gate.connect() as agent:
        agent.autocommit = True
        with agent.pipeline():
            agent.execute("SELECT id FROM ward")
            agent.execute("SELECT beds FROM ward")
        assert agent.execute("SELECT 7").fetchone() == (7,)


def test_psycopg_reads_with_server_cursors(gate):
    with gate.connect(autocommit=False) as agent, agent.cursor("stream") as cursor:
        cursor.itersize = 50
        cursor.execute("SELECT id, name FROM patient ORDER BY id")
        rows = cursor.fetchall()
    assert len(rows) == 300
    assert all(name.startswith("NAME-") for _, name in rows)


async def test_psycopg_async(gate):
    async with await psycopg.AsyncConnection.connect(**gate.parameters()) as agent:
        rows = await (await agent.execute("SELECT name FROM patient LIMIT 5")).fetchall()
    assert all(name.startswith("NAME-") for (name,) in rows)


def test_psycopg_pool(gate):
    url = psycopg.conninfo.make_conninfo(**gate.parameters())
    with ConnectionPool(url, min_size=2, max_size=3, open=True) as pool:
        for _ in range(6):
            with pool.connection() as agent:
                assert agent.execute("SELECT count(*) FROM patient").fetchone() == (300,)


async def asyncpg_parameters(gate) -> dict[str, object]:
    given = gate.parameters()
    given["database"] = given.pop("dbname")
    return given


async def test_asyncpg_with_its_pool_and_its_introspection(gate):
    async with asyncpg.create_pool(**await asyncpg_parameters(gate), min_size=1, max_size=2) as pool:
        for _ in range(4):
            row = await pool.fetchrow("SELECT id, name, born, active FROM patient WHERE id = $1", 7)
            assert row["name"].startswith("NAME-")
            assert (row["born"].month, row["active"]) == (1, True)
        assert await pool.fetchval("SELECT array_agg(id ORDER BY id) FROM ward") == [1, 2, 3, 4, 5, 6]


async def test_asyncpg_cursors_and_transactions(gate):
    agent = await asyncpg.connect(**await asyncpg_parameters(gate))
    async with agent.transaction():
        names = [r["name"] async for r in agent.cursor("SELECT name FROM patient ORDER BY id LIMIT 120", prefetch=50)]
    await agent.close()
    assert len(names) == 120
    assert all(name.startswith("NAME-") for name in names)


def test_sqlalchemy_reflects_and_queries(gate):
    given = gate.parameters()
    engine = sa.create_engine(
        sa.URL.create("postgresql+psycopg", given["user"], given["password"], given["host"], given["port"], "clinic")
    )
    metadata = sa.MetaData()
    metadata.reflect(engine, only=["patient", "encounter"])
    patient = metadata.tables["patient"]
    assert {"id", "mrn", "name"} <= set(patient.c.keys())
    with engine.connect() as agent:
        rows = agent.execute(sa.select(patient.c.id, patient.c.name).where(patient.c.id < 5)).all()
    assert all(row.name.startswith("NAME-") for row in rows)
    engine.dispose()


async def test_sqlalchemy_over_asyncpg(gate):
    given = gate.parameters()
    engine = create_async_engine(
        sa.URL.create("postgresql+asyncpg", given["user"], given["password"], given["host"], given["port"], "clinic")
    )
    async with engine.connect() as agent:
        rows = (await agent.execute(sa.text("SELECT ssn FROM patient WHERE id < :n"), {"n": 4})).all()
    await engine.dispose()
    assert all(row.ssn.startswith("SSN-") for row in rows)


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench(gate, hospital, mode, tmp_path):
    script = tmp_path / "select.sql"
    script.write_text("\\set n random(1, 6)\nSELECT beds FROM ward WHERE id = :n;\n")
    done = subprocess.run(
        [str(hospital.server.bin / "pgbench"), "-n", "-M", mode, "-c", "2", "-t", "50", "-f", str(script),
         "-h", "127.0.0.1", "-p", str(gate.port), "-U", "bot", "clinic"],
        capture_output=True, text=True, env={**os.environ, "PGPASSWORD": gate.token()}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "number of transactions actually processed: 100/100" in done.stdout


def test_a_client_cancels_what_runs_and_what_is_held(gate):
    agent = gate.connect()
    waiting = gate.in_background(lambda: agent.execute("GRANT SELECT ON task TO reporting"))
    gate.wait_pending()
    agent.cancel_safe(timeout=5)
    with pytest.raises(psycopg.errors.QueryCanceled):
        waiting.result()
    assert agent.execute("SELECT 1").fetchone() == (1,)
    agent.close()


async def test_many_clients_at_once(gate):
    async def one(number: int) -> int:
        agent = await asyncpg.connect(**parameters)
        try:
            return await agent.fetchval("SELECT $1::int + count(*)::int FROM ward", number)
        finally:
            await agent.close()

    parameters = await asyncpg_parameters(gate)
    assert await asyncio.gather(*(one(i) for i in range(40))) == [i + 6 for i in range(40)]
