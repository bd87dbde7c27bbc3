"""pg_dump, unchanged: one declared action, decided before it begins; what comes out is masked and can be restored."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from support import Background

SSN = re.compile(r"\b\d{3}-\d{2}-\d{4}\b")


class Dumper:
    """A person at a shell with PostgreSQL's own programs, and a gate to connect through."""

    def __init__(self, gate, hospital, folder: Path):
        self.gate, self.hospital, self.folder = gate, hospital, folder
        self.parameters = gate.parameters()

    def dump(self, *arguments: str, options: str = "-c lockgate.plan=dump:public", schema: str = "public"):
        """`(exit status, standard error)`; the dump is in `self.file`."""
        done = subprocess.run(
            [
                str(self.hospital.server.bin / "pg_dump"),
                f"--schema={schema}",
                "--no-owner",
                "--no-privileges",
                *arguments,
                "-f",
                str(self.file),
                f"postgresql://bot@127.0.0.1:{self.gate.port}/clinic",
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PGPASSWORD": self.parameters["password"], "PGOPTIONS": options},
        )
        return done.returncode, done.stderr

    @property
    def file(self) -> Path:
        return self.folder / "dump"

    def approved(self, *arguments: str, options: str = "-c lockgate.plan=dump:public", schema: str = "public"):
        running = Background(lambda: self.dump(*arguments, options=options, schema=schema))
        waiting = self.gate.wait_pending()
        self.gate.vote(waiting, "rita")
        status, said = running.result(60)
        assert status == 0, said
        assert f"held for approval: request {waiting.id}" in said
        return waiting

    def restore(self, *, custom: bool) -> psycopg.Connection:
        """Into a database of its own, by the program that is for it; any error there fails."""
        server = self.hospital.server
        server.psql("DROP DATABASE IF EXISTS restored")
        server.psql("CREATE DATABASE restored")
        server.psql("DROP SCHEMA public", database="restored")
        url = server.url("postgres", "restored")
        if custom:
            words = ["pg_restore", "--exit-on-error", "--no-owner", "-d", url, str(self.file)]
        else:
            words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(self.file), url]
        done = subprocess.run(
            [str(server.bin / words[0]), *words[1:]],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGPASSWORD": server.password},
        )
        assert done.returncode == 0, done.stderr
        return psycopg.connect(url, password=server.password, autocommit=True)


@pytest.fixture
def dumper(gate, hospital, tmp_path) -> Dumper:
    hospital.superuser("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO lockgate_gw")
    return Dumper(gate, hospital, tmp_path)


@pytest.mark.parametrize("custom", [False, True])
def test_a_declared_dump_is_approved_once_and_restores_masked(dumper, gate, hospital, custom):
    waiting = dumper.approved(*(["-Fc"] if custom else []))
    with dumper.restore(custom=custom) as restored, hospital.direct() as real:
        for table in ("patient", "encounter", "diagnosis", "lab", "medication", "note", "claim", "ward", "task"):
            count = f"SELECT count(*) FROM public.{table}"
            assert restored.execute(count).fetchone() == real.execute(count).fetchone()
        ssns = {row[0] for row in real.execute("SELECT ssn FROM patient")}
        names = {row[0] for row in real.execute("SELECT name FROM patient")}
        shown = restored.execute("SELECT name, ssn FROM public.patient").fetchall()
        assert not ssns & {ssn for _, ssn in shown}
        assert not names & {name for name, _ in shown}
        assert all(name.startswith("NAME-") for name, _ in shown)
        notes = " ".join(row[0] for row in restored.execute("SELECT body FROM public.note"))
        assert not any(name in notes for name in names)
        beds = "SELECT id, name, beds FROM public.ward ORDER BY id"
        assert restored.execute(beds).fetchall() == real.execute(beds).fetchall(), "what is no PHI is what it was"
        joined = "SELECT count(*) FROM public.patient p JOIN public.encounter e ON e.patient_id = p.id"
        assert restored.execute(joined).fetchone() == real.execute(joined).fetchone()
    assert gate.outcome(waiting.id)["status"] == "SUCCEEDED"


def test_undeclared_it_is_refused_at_once_with_the_way_out(dumper, gate):
    status, said = dumper.dump(options="")
    assert status == 1
    assert "a dump is one action, and is declared" in said
    assert "HINT:  declare the dump: PGOPTIONS='-c lockgate.plan=dump:SCHEMA' pg_dump --schema=SCHEMA" in said
    assert gate.pending() == []


def test_under_another_name_its_first_statement_names_the_way_out(gate):
    with gate.connect() as agent, pytest.raises(psycopg.Error, match="forbidden") as refused:
        agent.execute("SELECT pg_catalog.set_config('search_path', '', false)")
    assert "lockgate.plan=dump:SCHEMA" in (refused.value.diag.message_hint or "")
