"""What one session's megabyte costs the others: the longest that a short query waits meanwhile."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.rounds import Plan, percentile
from bench.served import End, Served

NOTE = "Mrs. Rosa Petrov was seen on 03/04/2024; call (555) 555-0110. BP 120/80, lisinopril 10 mg, home. "
MEGABYTE = 1_000_000
LONG = f"""
CREATE TABLE longnote AS SELECT 1 AS id, repeat('{NOTE}', {MEGABYTE // len(NOTE)}) AS body;
GRANT SELECT ON longnote TO lockgate_gw; ANALYZE longnote;
"""
CATALOG = "public.longnote: {id: none, body: text}\n"
TIMES = 10


def run(world: Served, plan: Plan) -> dict[str, object]:
    world.table(LONG, CATALOG)
    end = world.end("clinic")
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement.sql"
        for name, statements in _loads():
            file.write_text(";\n".join(statements) + ";\n")
            figures[name] = _meanwhile(end, file)
    return figures


def _loads() -> Iterator[tuple[str, list[str]]]:
    """Each with texts of its own, so that no analysis is remembered."""
    yield "nothing", [f"SELECT pg_sleep({0.05 + i / 1000})" for i in range(TIMES)]
    yield "a_text_of_1_mb", ["SELECT body FROM longnote"] * TIMES
    literal = "x" * MEGABYTE
    yield "a_literal_of_1_mb", [f"SELECT length('{i}{literal}')" for i in range(TIMES)]
    members = MEGABYTE // 9 - 10
    yield (
        "an_in_list_of_1_mb",
        [
            f"SELECT count(*) FROM longnote WHERE id IN ({', '.join(str(1_000_000 + i + j) for j in range(members))})"
            for i in range(3)
        ],
    )


def _meanwhile(end: End, file: Path) -> dict[str, float]:
    """The waits of a short prepared query while psql sends the file: median, p99 and longest, in ms."""
    password = end.environment["PGPASSWORD"]
    waits: list[float] = []
    with psycopg.connect(end.url, password=password, autocommit=True) as probe:
        for _ in range(100):
            probe.execute("SELECT 1", prepare=True)
        with _sending(end, file) as over:
            while not over.is_set():
                started = time.perf_counter()
                probe.execute("SELECT 1")
                waits.append((time.perf_counter() - started) * 1000)
                time.sleep(0.001)
    return {
        "p50_ms": round(percentile(waits, 0.5), 2),
        "p99_ms": round(percentile(waits, 0.99), 2),
        "longest_ms": round(max(waits), 2),
    }


@contextmanager
def _sending(end: End, file: Path) -> Iterator[threading.Event]:
    over = threading.Event()
    command = [str(end.world.server.bin / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null"]
    process = subprocess.Popen([*command, "-f", str(file), end.url], env=end.environment, stderr=subprocess.PIPE)
    said: list[bytes] = []

    def wait() -> None:
        said.append(process.communicate()[1])
        over.set()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield over
    finally:
        thread.join()
    if process.returncode:
        raise SystemExit(f"psql failed: {said[0].decode()[-1000:]}")
