"""A backup and an export are files that travel: no value of a patient is in them, in no encoding that they use."""

from __future__ import annotations

import asyncio
import base64
import re
import sqlite3
from contextlib import closing

import psycopg
import pytest

from lockgate.services.backup import copy_database
from lockgate.services.evidence import Wanted, collect, write_evidence
from lockgate.store.reading import read_store

HELD = "UPDATE patient SET phone = '555-0199' WHERE mrn = '7000013' AND name <> '{name}'"
EXPORT = "COPY (SELECT name FROM patient WHERE name = '{name}') TO STDOUT /* {name} */"


@pytest.fixture
def values(hospital):
    """Names, record numbers and SSNs of the hospital, and what the test itself sends as literals."""
    with hospital.direct() as direct:
        rows = direct.execute("SELECT name, mrn, ssn FROM patient").fetchall()
    return {str(value) for row in rows for value in row if value} | {"555-0199"}


def provoke(gate, name, *more):
    """Values in every place that a client fills: literals, parameters, reasons, purposes, tags, reviewers' reasons."""
    with gate.connect() as agent:
        agent.execute(f"SET lockgate.reason = 'for {name}, mrn 7000013'")
        agent.execute(f"SET lockgate.purpose = 'care of {name}'")
        agent.execute("SELECT born FROM patient WHERE mrn = %s", ("7000013",))
        with pytest.raises(psycopg.Error):
            agent.execute(f'SELECT "{name}" FROM patient')
        agent.execute("SET lockgate.hold = 'fail'")
        for statement in (HELD.format(name=name), EXPORT.format(name=name), *more):
            with pytest.raises(psycopg.Error):
                agent.execute(statement)
    for request in gate.pending():
        gate.vote(request, "rita", reason=f"spoke to {name}, 555-0199")


def everything(folder) -> str:
    """All bytes of all files, and what is base64 in them."""
    text = "".join(
        path.name + "\n" + path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()
    )
    inside = [base64.b64decode(word + "=" * (-len(word) % 4)) for word in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text)]
    return text + b"\n".join(inside).decode("latin-1")


def exported(gate, tmp_path) -> str:
    wanted = Wanted(0, 4_000_000_000_000_000, frozenset(), 10_000, 1)
    found = asyncio.run(read_store(f"sqlite:///{gate.state}/lockgate.db", lambda conn: collect(conn, wanted)))
    write_evidence(found, tmp_path / "evidence")
    assert len(found.stories) > 5
    return everything(tmp_path / "evidence")


def found_in(text, values) -> list[str]:
    """Values that stand in the text by themselves."""
    return [v for v in sorted(values) if re.search(rf"(?<![0-9a-zA-Z]){re.escape(v)}(?![0-9a-zA-Z])", text)]


def test_an_export_holds_no_value(gate, values, tmp_path):
    name = next(value for value in values if " " in value)
    provoke(gate, name)
    gate.call(gate.assembly.log.sequence())
    assert found_in(exported(gate, tmp_path), values) == []


def test_a_backup_holds_no_value_but_in_sealed_payloads(gate, values, tmp_path):
    name = next(value for value in values if " " in value)
    provoke(gate, name)
    copy_database(gate.state / "lockgate.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as conn:
        assert conn.execute("SELECT count(*) FROM payloads").fetchone()[0] > 0
        text = "\n".join(conn.iterdump())
        for (leaf,) in conn.execute("SELECT leaf FROM events"):
            text += bytes(leaf).decode()
    assert found_in(text, values) == []


def test_an_alias_that_is_a_name_is_in_no_export(gate, values, tmp_path):
    name = next(value for value in values if " " in value)
    provoke(gate, name, f'COPY (SELECT name AS "{name}" FROM patient) TO STDOUT')
    gate.call(gate.assembly.log.sequence())
    assert found_in(exported(gate, tmp_path), values) == []
