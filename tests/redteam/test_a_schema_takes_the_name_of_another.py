"""Two schemas hold a table of one name, one harmless, one with PHI, and somebody else moves the names: a blue/green
swap, a right on a schema taken away, a table made where the search finds it first. What is read is judged by where it
is really read, and what people approved never happens to the other table."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

from lockgate.demo import hospital as hospital_data

ROLE = hospital_data.GATEWAY_ROLE
SECRET = "Wilhelmina"
READ = "SELECT v || '' AS v FROM {}plain"
DELETE = "DELETE FROM s1.plain"
UNNAMED = "DELETE FROM plain"
GRANT = "GRANT SELECT ON s1.plain TO reporting"
SWAP = "ALTER SCHEMA s1 RENAME TO s3; ALTER SCHEMA s2 RENAME TO s1; ALTER SCHEMA s3 RENAME TO s2"
REVOKE = f"REVOKE USAGE ON SCHEMA s1 FROM {ROLE}"
MADE_BEFORE = f"CREATE TABLE s0.plain (v text); GRANT ALL ON s0.plain TO {ROLE}"


def look(gate):
    """Let the gateway see what has changed up to now, so that nothing but the change in question is news to it."""
    gate.call(gate.assembly.gateway.connections["clinic"].check_schema())


@pytest.fixture
def schemas(hospital, gate):
    hospital.superuser(
        "CREATE SCHEMA s0; CREATE SCHEMA s1; CREATE SCHEMA s2;"
        "CREATE TABLE s1.plain (v text); INSERT INTO s1.plain VALUES ('nothing');"
        f"CREATE TABLE s2.plain (v text); INSERT INTO s2.plain VALUES ('{SECRET}');"
        f"GRANT USAGE ON SCHEMA s0, s1, s2 TO {ROLE};"
        f"GRANT SELECT, DELETE ON s1.plain, s2.plain TO {ROLE} WITH GRANT OPTION"
    )
    known = hospital_data.CATALOG.read_text() + "s1.plain: {v: none}\ns2.plain: {v: name}\n"
    gate.call(gate.assembly.maps.accept("clinic", known, by="init"))
    look(gate)
    yield
    hospital.superuser("DROP SCHEMA IF EXISTS s0, s1, s2, s3 CASCADE")


@pytest.mark.parametrize(("how", "named"), [(SWAP, "s1."), (SWAP, ""), (REVOKE, "")], ids=["swap", "path", "revoke"])
@pytest.mark.parametrize("prepared", [False, True], ids=["simple", "prepared"])
def test_what_is_read_is_judged_by_where_it_is_read(gate, hospital, schemas, how, named, prepared):
    with gate.connect(options="-c search_path=s1,s2") as agent:
        for _ in range(6):
            assert agent.execute(READ.format(named), prepare=prepared).fetchone() == ("nothing",)
        hospital.superuser(how)
        time.sleep(1.6)
        for _ in range(3):
            try:
                shown = agent.execute(READ.format(named), prepare=prepared).fetchall()
            except psycopg.errors.FeatureNotSupported as error:
                assert prepared and how == REVOKE, "nothing that it found is gone, so it may be kept"
                shown = [error]
            assert SECRET not in str(shown)


def prepared_by(way, agent, statement):
    """What runs it again and again under one name, prepared once."""
    if way == "sql":
        agent.execute(f"PREPARE q AS {statement}")
        return lambda: agent.execute("EXECUTE q").fetchall()
    return lambda: agent.execute(statement, prepare=True).fetchall()


@pytest.mark.parametrize("way", ["protocol", "sql"])
def test_a_column_renamed_under_an_open_prepare_is_hidden(gate, hospital, schemas, way):
    """The server reads the text anew, and finds the other column under the name."""
    hospital.superuser(f"ALTER TABLE s1.plain ADD COLUMN w text; UPDATE s1.plain SET w = '{SECRET}'")
    known = hospital_data.CATALOG.read_text() + "s1.plain: {v: none, w: name}\n"
    gate.call(gate.assembly.maps.accept("clinic", known, by="init"))
    with gate.connect() as agent:
        run = prepared_by(way, agent, READ.format("s1."))
        for _ in range(3):
            assert run() == [("nothing",)]
        hospital.superuser("ALTER TABLE s1.plain RENAME v TO x; ALTER TABLE s1.plain RENAME w TO v")
        time.sleep(1.6)
        for _ in range(3):
            assert SECRET not in str(run())


@pytest.mark.parametrize("way", ["protocol", "sql"])
def test_a_table_made_before_another_under_an_open_prepare_lends_it_no_classes(gate, hospital, schemas, way):
    """The server keeps to the table that it found when the statement was prepared; the gateway would find the other."""
    with gate.connect(options="-c search_path=s0,s2") as agent:
        run = prepared_by(way, agent, READ.format(""))
        for _ in range(3):
            assert SECRET not in str(run())
        hospital.superuser(MADE_BEFORE)
        known = hospital_data.CATALOG.read_text() + "s0.plain: {v: none}\ns2.plain: {v: name}\n"
        gate.call(gate.assembly.maps.accept("clinic", known, by="init"))
        look(gate)
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="prepare the statement again"):
            assert SECRET not in str(run())
        agent.rollback()
        agent.execute("DEALLOCATE ALL")
        assert prepared_by(way, agent, READ.format(""))() == []


def test_within_the_second_a_result_from_another_table_ends_the_session(gate, hospital, schemas, monkeypatch):
    """Before the change is noticed the server's own description of the result tells of it."""
    from lockgate.gateways.postgres import connection

    monkeypatch.setattr(connection, "EPOCH_QUERY", "SELECT 'the same'")
    look(gate)
    for prepared in (False, True):
        with gate.connect() as agent:
            assert agent.execute("SELECT v FROM s1.plain", prepare=prepared).fetchone() == ("nothing",)
    hospital.superuser(SWAP)
    for prepared in (False, True):
        with gate.connect() as agent, pytest.raises(psycopg.Error, match="schema has just changed"):
            agent.execute("SELECT v FROM s1.plain", prepare=prepared)


def left(hospital):
    """How many rows are left in any of the tables of that name."""
    names = hospital.superuser("SELECT c.oid::regclass FROM pg_class c WHERE c.relname = 'plain'").split()
    return sum(int(hospital.superuser(f"SELECT count(*) FROM {name}")) for name in names)


def states(gate):
    return [view.state for view in gate.call(gate.assembly.approvals.list())]


def approved(gate, statement, way, between=lambda: None):
    """Send it, let `between` happen while people think, approve; the error that came of it."""

    def send():
        with gate.connect(options="-c search_path=s0,s1,s2", autocommit=way != "block") as agent:
            agent.execute(statement, prepare=way == "extended" or None)
            agent.commit()

    running = gate.in_background(send)
    request = gate.wait_pending()
    between()
    gate.vote(request, "rita")
    if gate.pending():
        gate.vote(request, "dora")
    with pytest.raises(psycopg.Error) as error:
        running.result()
    return error.value


WAYS = ["simple", "extended", "block"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("statement", "change"),
    [(DELETE, SWAP), (UNNAMED, SWAP), (UNNAMED, REVOKE), (UNNAMED, MADE_BEFORE), (GRANT, SWAP)],
    ids=["swap", "path", "revoke", "made before", "grant"],
)
def test_what_was_approved_for_one_table_is_not_done_to_another(gate, hospital, schemas, statement, change, way):
    error = approved(gate, statement, way, between=lambda: hospital.superuser(change))
    assert error.sqlstate == "LG004"
    assert states(gate) == ["INVALIDATED"]
    assert left(hospital) == 2
    assert (
        hospital.superuser(
            "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'reporting'"
            " AND table_name = 'plain'"
        ).strip()
        == "0"
    )


def test_a_held_statement_is_analysed_anew_whatever_the_schema_epoch_says(gate, hospital, schemas, monkeypatch):
    from lockgate.gateways.postgres import connection

    monkeypatch.setattr(connection, "EPOCH_QUERY", "SELECT 'the same'")
    look(gate)
    error = approved(gate, DELETE, "simple", between=lambda: hospital.superuser(SWAP))
    assert error.sqlstate == "LG004"
    assert states(gate) == ["INVALIDATED"]
    assert left(hospital) == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("statement", "change"),
    [(DELETE, SWAP), (UNNAMED, REVOKE), (UNNAMED, MADE_BEFORE), (GRANT, SWAP)],
    ids=["swap", "revoke", "made before", "grant"],
)
def test_names_that_move_behind_the_last_look_roll_it_back(
    gate, hospital, schemas, monkeypatch, statement, change, way
):
    """Relations are locked by then, but a name is not: the server finds another table under it."""
    from lockgate.gateways.postgres.session.own_transaction import OwnTransaction

    named = OwnTransaction.name

    async def name(own):
        await asyncio.to_thread(hospital.superuser, change)
        return await named(own)

    monkeypatch.setattr(OwnTransaction, "name", name)
    error = approved(gate, statement, way)
    assert "rolled back" in str(error)
    assert left(hospital) == 2
    assert (
        hospital.superuser(
            "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'reporting'"
            " AND table_name = 'plain'"
        ).strip()
        == "0"
    )
