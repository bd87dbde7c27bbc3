"""The gateway against a direct connection, in one run: pgbench, a million rows, memory. Ratios, not absolute times."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lockgate.demo import hospital
from lockgate.demo.world import AGENT, World

ROUNDS = 5
SECONDS = 3
CLIENTS = 8
WIDE_ROWS = 1_000_000
WIDE = """
CREATE TABLE wide AS SELECT i::text AS a, 'name ' || i AS b, md5(i::text) AS c, 'some words ' || i AS d,
  (900000000 + i)::text AS e, 'ward ' || i % 7 AS f, md5((i * 7)::text) AS g, 'status ' || i % 3 AS h
  FROM generate_series(1, {rows}) i;
GRANT SELECT ON wide TO lockgate_gw; ANALYZE wide;
"""
WIDE_CATALOG = "public.wide: {a: none, b: name, c: none, d: none, e: ssn, f: none, g: none, h: none}\n"


@dataclass(frozen=True)
class End:
    """Where a client connects to; without a password, a fresh token is its password."""

    port: int
    user: str
    password: str
    database: str

    def environment(self, world: World) -> dict[str, str]:
        return {**os.environ, "PGPASSWORD": self.password or world.token(self.database)}


def run() -> dict[str, object]:
    """All figures; each `ratio` compares with a direct connection in the same rounds."""
    with World(2000, {"clinic": "shape", "each": "each"}) as world:
        world.server.psql(WIDE.format(rows=WIDE_ROWS), database="clinic")
        world.api("root", "POST", "/catalog/clinic", {"yaml": hospital.CATALOG.read_text() + WIDE_CATALOG})
        secret = (world.folder / "lockgate" / "state" / "clinic.password").read_text()
        direct = End(world.server.port, hospital.GATEWAY_ROLE, secret, "clinic")
        gateway = End(world.port, AGENT, "", "clinic")
        each = End(world.port, AGENT, "", "each")
        ends = {"direct": direct, "gateway": gateway}
        figures: dict[str, object] = {}
        for mode in ("prepared", "simple"):
            rates = _pgbench(world, {**ends, "each": each}, mode)
            figures[f"pgbench_{mode}"] = {
                **{f"{name}_tps": round(rate) for name, rate in rates.items()},
                "ratio": round(rates["gateway"] / rates["direct"], 3),
                "ratio_audit_each": round(rates["each"] / rates["direct"], 3),
            }
        before = _resident_mb()
        times = _million(world, ends)
        figures["million_rows_two_masked"] = {
            "direct_s": round(times["direct"], 2),
            "gateway_s": round(times["gateway"], 2),
            "ratio": round(times["gateway"] / times["direct"], 2),
        }
        figures["memory_mb"] = {"before": before, "after": _resident_mb()}
        return figures


def _pgbench(world: World, ends: dict[str, End], mode: str) -> dict[str, float]:
    script = world.folder / "select.sql"
    script.write_text("\\set n random(1, 6)\nSELECT beds FROM ward WHERE id = :n;\n")
    rates: dict[str, list[float]] = {name: [] for name in ends}
    for _ in range(ROUNDS):
        for name, end in ends.items():
            done = subprocess.run(
                [
                    str(world.server.bin / "pgbench"), "-n", "-M", mode, "-c", str(CLIENTS), "-T", str(SECONDS),
                    "-f", str(script), "-h", "127.0.0.1", "-p", str(end.port), "-U", end.user, end.database,
                ],
                capture_output=True, text=True, check=True, env=end.environment(world),
            )  # fmt: skip
            found = re.search(r"tps = ([0-9.]+)", done.stdout)
            assert found is not None
            rates[name].append(float(found.group(1)))
    return {name: statistics.median(values) for name, values in rates.items()}


def _million(world: World, ends: dict[str, End]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in ends}
    for _ in range(ROUNDS):
        for name, end in ends.items():
            started = time.perf_counter()
            subprocess.run(
                [
                    str(world.server.bin / "psql"), "-XqAt", "-o", "/dev/null", "-c", "SELECT * FROM wide",
                    f"postgresql://{end.user}@127.0.0.1:{end.port}/{end.database}",
                ],
                check=True, stderr=subprocess.DEVNULL, env=end.environment(world),
            )  # fmt: skip
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def _resident_mb() -> int:
    """This process, which holds the gateway."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0
