"""COPY … FROM STDIN under approval: people agree to exactly these rows, which wait at the gateway until then."""

from __future__ import annotations

import hashlib
import subprocess

import psycopg
import pytest

from lockgate.gateways.postgres.session import copied_rows
from wire import SYNC, Wire, bind, execute, parse, query

COPY = "COPY task (title) FROM STDIN"


@pytest.fixture(autouse=True)
def clean(hospital):
    yield
    hospital.superuser("DELETE FROM task WHERE title LIKE 'copied%'")


def titles(hospital):
    return hospital.superuser("SELECT title FROM task WHERE title LIKE 'copied%' ORDER BY 1").split()


def copy_in(agent, *rows, statement=COPY):
    with agent.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row((row,))


def in_fail_mode(gate):
    agent = gate.connect()
    agent.execute("SET lockgate.hold = 'fail'")
    return agent


def test_the_rows_wait_and_are_written_once_approved(gate, hospital):
    with gate.connect() as agent:
        done = gate.in_background(lambda: copy_in(agent, "copied-1", "copied-2"))
        request = gate.wait_pending()
        assert titles(hospital) == []
        view = gate.call(gate.assembly.approvals.get(request.id))
        assert "brings 18 bytes of rows along (about 2 lines)" in str(view)
        gate.vote(request, "rita")
        done.result()
        assert titles(hospital) == ["copied-1", "copied-2"]
        assert agent.execute("SELECT 1").fetchone() == (1,)


def test_other_rows_need_another_approval_however_they_are_cut(gate, hospital):
    with in_fail_mode(gate) as agent:
        with pytest.raises(psycopg.Error, match="waiting for approval"):
            copy_in(agent, "copied-1", "copied-2")
        gate.vote(gate.wait_pending(), "rita")
        with pytest.raises(psycopg.Error, match="waiting for approval"):
            copy_in(agent, "copied-1", "copied-3")
        assert titles(hospital) == []
        with agent.cursor().copy(COPY) as copy:
            for byte in b"copied-1\ncopied-2\n":
                copy.write(bytes([byte]))
        assert titles(hospital) == ["copied-1", "copied-2"]
        with pytest.raises(psycopg.Error, match="waiting for approval"):
            copy_in(agent, "copied-1", "copied-2")


@pytest.mark.parametrize("format", ["(FORMAT binary)", "(FORMAT csv)", ""])
def test_in_every_format_and_inside_of_a_transaction(gate, hospital, format):
    with gate.connect(autocommit=False) as agent:
        assert agent.execute("SELECT count(*) FROM task").fetchone()

        def work():
            with agent.cursor().copy(f"{COPY} {format}") as copy:
                if "csv" in format:
                    copy.write("copied-1\n")
                else:
                    if "binary" in format:
                        copy.set_types(["text"])
                    copy.write_row(("copied-1",))
            agent.commit()

        done = gate.in_background(work)
        gate.vote(gate.wait_pending(), "rita")
        done.result()
    assert titles(hospital) == ["copied-1"]


def test_psql_copies_and_is_told_to_wait(gate, hospital, tmp_path):
    (tmp_path / "rows").write_text("copied-1\ncopied-2\n")
    p = gate.parameters()
    url = f"postgresql://{p['user']}:{p['password']}@{p['host']}:{p['port']}/clinic"
    command = [str(hospital.server.bin / "psql"), "-X", url, "-c", f"\\copy task (title) FROM '{tmp_path}/rows'"]
    done = gate.in_background(lambda: subprocess.run(command, capture_output=True, text=True, check=True))
    gate.vote(gate.wait_pending(), "rita")
    told = done.result()
    assert "held for approval" in told.stderr
    assert "COPY 2" in told.stdout


def test_a_failing_row_writes_none_and_the_session_goes_on(gate, hospital):
    with gate.connect() as agent:

        def work():
            with agent.cursor().copy("COPY task (title, done) FROM STDIN") as copy:
                copy.write_row(("copied-1", True))
                copy.write_row(("copied-2", "perhaps"))

        done = gate.in_background(work)
        gate.vote(gate.wait_pending(), "rita")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            done.result()
        assert agent.execute("SELECT 1").fetchone() == (1,)
    assert titles(hospital) == []


def test_more_rows_than_may_wait_are_refused_and_not_kept(gate, hospital, monkeypatch):
    monkeypatch.setattr(copied_rows, "MOST_BYTES", 1000)
    with gate.connect() as agent:
        with pytest.raises(psycopg.Error, match="cannot wait for people") as refused:
            copy_in(agent, *["copied-" + "x" * 50] * 40)
        assert refused.value.sqlstate == "54000"
        assert gate.pending() == []
        assert gate.assembly.gateway.connections["clinic"].kept_bytes == 0
        assert agent.execute("SELECT 1").fetchone() == (1,)


def test_a_masked_value_among_the_rows_asks_nobody(gate):
    with gate.connect() as agent:
        with pytest.raises(psycopg.Error, match="masked value"):
            copy_in(agent, "copied-1", "[NAME]")
        assert gate.pending() == []


def test_rows_that_the_client_takes_back_ask_nobody(gate, hospital):
    def take_back(agent):
        with agent.cursor().copy(COPY) as copy:
            copy.write_row(("copied-1",))
            raise psycopg.DataError("no")

    with gate.connect() as agent:
        with pytest.raises(psycopg.Error):
            take_back(agent)
        assert gate.pending() == []
        assert agent.execute("SELECT 1").fetchone() == (1,)
    assert titles(hospital) == []


@pytest.mark.parametrize("way", ["extended", "two statements"])
def test_where_the_rows_cannot_be_asked_for_first_nobody_is_asked_to_approve_them_blindly(gate, hospital, way):
    wire = Wire(gate)
    if way == "extended":
        wire.say(parse("", COPY) + bind("") + execute() + SYNC)
    else:
        wire.say(query(f"SELECT 1; {COPY}"))
    heard = wire.hear(1)
    assert any(kind == b"E" and b"LG002" in body and b"have not been sent" in body for kind, body in heard)
    assert heard[-1] == (b"Z", b"I")
    assert gate.pending() == []
    wire.close()


def test_the_digest_is_of_the_rows_alone():
    rows = copied_rows.CopiedRows([b"d\0\0\0\x05a", b"d\0\0\0\x06bc", b"c\0\0\0\x04"])
    assert rows.digest() == hashlib.sha256(b"abc").digest()
