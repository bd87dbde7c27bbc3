"""psql is what people know: its Tab and its backslash commands tell through the gateway what the server tells.

Completion needs a psql with readline (Debian's has it, the embedded one has not); both are asked to describe.
"""

from __future__ import annotations

import glob
import os
import subprocess
from pathlib import Path

import pytest

from support import start_gate, stop_gate
from terminal import complete

DEBIAN = [Path(path) for path in sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))]
needs_debian = pytest.mark.skipif(not DEBIAN, reason="Debian's psql is not installed (make test-packages)")

MARK = "=========="

LINES = [
    "SELECT * FROM pa",
    "SELECT name FROM public.",
    "SELECT * FROM pg_catalog.pg_cl",
    "SELECT * FROM ward JOIN enc",
    "TABLE ",
    "UPDATE ",
    "UPDATE patient SET ",
    "DELETE FROM ",
    "INSERT INTO ward (",
    "GRANT SELECT ON ward TO ",
    "GRANT USAGE ON SCHEMA ",
    "ALTER TABLE patient ALTER COLUMN ",
    "ALTER TABLE patient DROP CONSTRAINT ",
    "ALTER ROLE ",
    "DROP INDEX ",
    "DROP FUNCTION pg_cat",
    "COMMENT ON TABLE ",
    "CREATE INDEX ON encounter (",
    "CREATE EXTENSION ",
    "CREATE TABLE t (LIKE ",
    "ANALYZE ",
    "COPY ",
    "SET work_",
    "SET timezone TO ",
    "SET intervalstyle TO ",
    "SHOW ",
    "\\d ",
    "\\d pg_catalog.pg_stat_a",
    "\\df pg_catalog.pg_get_",
    "\\dn ",
    "\\dv ",
    "\\du ",
    "\\c ",
    "\\sf pg_catalog.pg_get_",
    "\\copy ",
]

COMMANDS = r"""
\d \dtvsm+ \dt+ \dv+ \di+ \ds \dm \dE \dS \dtS
\d|patient \d+|patient \d+|current_inpatients \d|patient_pkey \d+|encounter_admitted_idx \d|patient_id_seq \d|pg_class
\d|pat* \d|nothing_like_it \d|pg_stat_activity
\df \df+|pg_catalog.lower \da|pg_catalog.count \do|pg_catalog.~~ \dT \dT+|pg_catalog.jsonb \dD \dC|json*
\dn+ \du+ \dg \dp \z|patient \ddp \l \db \dL \dx \dy \dX \dc|pg_catalog.utf8* \dO|pg_catalog.C
\dF \dFd \dFp \dFt \dAc|btree \dAf|btree \dAo|btree \dAp|hash \dA
\dRp \dRs \des \dew \deu \det \dP \dP+ \dd \dconfig|*_mem \dconfig+|work_mem
\sf|pg_catalog.pg_relation_size(regclass) \sv|current_inpatients \lo_list \encoding
""".split()
"""`|` stands before an argument. Not here: `\\conninfo` (tells host and port of the connection itself), `\\drds` (what
somebody set for other roles is masked)."""


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("psql"), "ai-agents")
    yield started
    stop_gate(started)


@needs_debian
def test_tab_completes_what_it_completes_on_a_direct_connection(gate, hospital, tmp_path):
    direct_url = hospital.server.url("lockgate_gw", "clinic")
    through_url = f"postgresql://bot@127.0.0.1:{gate.port}/clinic"
    for folder in ("direct", "through"):
        (tmp_path / folder).mkdir()
    direct = complete(DEBIAN[-1], direct_url, hospital.password, LINES, tmp_path / "direct")
    through = complete(DEBIAN[-1], through_url, gate.token(), LINES, tmp_path / "through")
    assert through == direct
    assert through["SELECT * FROM pa"].split()[-2:] == ["patient", "patient_id_seq"], "the server was asked at all"
    assert "'Africa/Abidjan'" in through["SET timezone TO "]


@pytest.mark.parametrize("whose", ["embedded", pytest.param("debian", marks=needs_debian)])
def test_descriptions_are_those_of_a_direct_connection(gate, hospital, whose):
    program = DEBIAN[-1] if whose == "debian" else hospital.server.bin / "psql"
    script = "".join(f"\\echo {MARK}\n{command.replace('|', ' ')}\n" for command in COMMANDS)

    def psql(url: str, password: str, options: str = "") -> dict[str, str]:
        done = subprocess.run(
            [str(program), "-X", "-A", "-t", "-f", "-", url],
            input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "PGPASSWORD": password, "PGOPTIONS": options},
        )  # fmt: skip
        return dict(zip(COMMANDS, done.stdout.split(f"{MARK}\n")[1:], strict=True))

    direct = psql(hospital.server.url("lockgate_gw", "clinic"), hospital.password)
    assert "current_inpatients" in direct["\\d"]
    through_url = f"postgresql://bot@127.0.0.1:{gate.port}/clinic"
    assert psql(through_url, gate.token(), "-c lockgate.hold=fail") == direct
