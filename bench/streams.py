"""A large SELECT: two columns masked by their class, a column of free text that is searched, and memory meanwhile."""

from __future__ import annotations

import statistics
import subprocess
import threading
import time

from bench.rounds import Plan, interleaved, medians, ratio
from bench.served import End, Served

WIDE = """
CREATE TABLE wide AS SELECT i::text AS a, 'name ' || i AS b, md5(i::text) AS c, 'some words ' || i AS d,
  (900000000 + i)::text AS e, 'ward ' || i % 7 AS f, md5((i * 7)::text) AS g, 'status ' || i % 3 AS h
  FROM generate_series(1, {rows}) i;
CREATE TABLE times AS SELECT i AS n FROM generate_series(1, 5) i;
CREATE TABLE notes AS SELECT a, b, c, e, f, g, h,
  CASE a::int % 5
    WHEN 0 THEN 'Mrs. Rosa Petrov was seen; call back at (555) 555-01' || 10 + a::int % 89 || ', on Monday if possible.'
    WHEN 1 THEN 'Essential hypertension, BP ' || 100 + a::int % 70 || '/80, continue lisinopril 10 mg and recheck soon.'
    WHEN 2 THEN 'No complaints. Lungs clear, heart regular, abdomen soft; wound dry after ' || a::int % 9 || ' days.'
    WHEN 3 THEN 'Glucose ' || 70 + a::int % 170 || ' mg/dL fasting, advised on diet, metformin 500 mg twice a day.'
    ELSE 'Patient tolerates physical therapy well, walks ' || a::int % 50 || ' m unaided, discharge home is planned.'
  END AS d FROM wide;
GRANT SELECT ON wide, notes, times TO lockgate_gw; ANALYZE wide; ANALYZE notes; ANALYZE times;
"""
CATALOG = """
public.wide: {a: none, b: name, c: none, d: none, e: ssn, f: none, g: none, h: none}
public.notes: {a: none, b: name, c: none, d: text, e: ssn, f: none, g: none, h: none}
public.times: {n: none}
"""
SAMPLE_S = 0.05


def run(world: Served, plan: Plan) -> dict[str, object]:
    world.table(WIDE.format(rows=plan.rows), CATALOG)
    ends = {"direct": world.direct, "lockgate": world.end("clinic")}
    _look(world)
    figures: dict[str, object] = {}
    for name, sql in (
        ("two_columns_masked", "SELECT a, b, c, d, e, f, g, h FROM wide"),
        ("free_text_searched", "SELECT a, b, c, d, e, f, g, h FROM notes"),
        ("nothing_masked", "SELECT a, c, f, g, h, a, c, f FROM wide"),
    ):

        def seconds(end: End, sql: str = sql) -> float:
            return _seconds(end, sql)

        values = interleaved(ends, plan.rounds, seconds)
        figures[name] = {
            "rows": plan.rows,
            **{f"{end}_s": s for end, s in medians(values, 2).items()},
            "times_direct": ratio(values, "lockgate", "direct"),
        }
    figures["memory"] = _memory(world, plan)
    return figures


def _look(world: Served) -> None:
    """A benchmark of masks that are not there would be fast."""
    end = world.end("clinic")
    shown = subprocess.run(
        [str(world.server.bin / "psql"), "-XqAt", "-c", "SELECT b, e, d FROM notes WHERE a = '5'", end.url],
        check=True, capture_output=True, text=True, env=end.environment,
    ).stdout.strip()  # fmt: skip
    name, ssn, note = shown.split("|")
    if not (name.startswith("NAME-") and ssn.startswith("SSN-") and "[PHONE]" in note and "[NAME]" in note):
        raise SystemExit("the rows to be measured are not masked")


def _seconds(end: End, sql: str, *options: str) -> float:
    arguments = [str(end.world.server.bin / "psql"), "-XqAt", "-o", "/dev/null", *options, "-c", sql, end.url]
    environment = end.environment
    started = time.perf_counter()
    subprocess.run(arguments, check=True, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def _memory(world: Served, plan: Plan) -> dict[str, object]:
    """The process's resident memory while a long masked stream passes; `grew_mb` compares its last third with its
    first."""
    samples: list[float] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_S):
            samples.append(world.resident_mb)

    before = world.resident_mb
    thread = threading.Thread(target=sample)
    thread.start()
    sql = f"SELECT w.a, w.b, w.c, w.d, w.e, w.f, w.g, w.h FROM times, wide w WHERE n <= {plan.long_rows // plan.rows}"
    try:
        # A client that keeps no row either: what is measured is the gateway's.
        took_s = _seconds(world.end("clinic"), sql, "-v", "FETCH_COUNT=10000")
    finally:
        over.set()
        thread.join()
    third = max(1, len(samples) // 3)
    return {
        "rows": plan.long_rows,
        "seconds": round(took_s, 1),
        "before_mb": round(before),
        "peak_mb": round(max(samples)),
        "grew_mb": round(statistics.median(samples[-third:]) - statistics.median(samples[:third]), 1),
        "samples": len(samples),
    }
