"""`pgbench -S` with eight clients: direct, through pgbouncer, through Lockgate with either kind of audit."""

from __future__ import annotations

import re
import subprocess

from bench.pooler import pgbouncer
from bench.rounds import Plan, interleaved, medians, ratio
from bench.served import ACCOUNTS_CATALOG, End, Served

CLIENTS = 8


def run(world: Served, plan: Plan) -> dict[str, object]:
    program = str(world.server.bin / "pgbench")
    subprocess.run(
        [program, "-i", "-q", "-s", "1", world.server.url(database="clinic")],
        check=True, capture_output=True, env={"PGPASSWORD": world.server.password},
    )  # fmt: skip
    world.table("GRANT SELECT ON ALL TABLES IN SCHEMA public TO lockgate_gw", ACCOUNTS_CATALOG)
    figures: dict[str, object] = {}
    with pgbouncer(world) as pooler:
        ends = {"direct": world.direct, "lockgate": world.end("clinic"), "each": world.end("each")}
        if pooler is not None:
            ends["pgbouncer"] = pooler
        for mode in ("prepared", "simple"):

            def rate(end: End, mode: str = mode) -> float:
                return _rate(program, end, mode, plan.seconds)

            values = interleaved(ends, plan.rounds, rate)
            part: dict[str, object] = {f"{name}_tps": tps for name, tps in medians(values, 0).items()}
            part["of_direct"] = ratio(values, "lockgate", "direct")
            part["of_direct_audit_each"] = ratio(values, "each", "direct")
            if pooler is None:
                part["pgbouncer"] = "absent (it is not installed here)"
            else:
                part["of_pgbouncer"] = ratio(values, "lockgate", "pgbouncer")
                part["pgbouncer_of_direct"] = ratio(values, "pgbouncer", "direct")
            figures[mode] = part
    return figures


def _rate(program: str, end: End, mode: str, seconds: float) -> float:
    """Transactions a second, without the time that connecting takes."""
    done = subprocess.run(
        [
            program, "-n", "-S", "-M", mode, "-c", str(CLIENTS), "-T", str(round(seconds)),
            "-h", "127.0.0.1", "-p", str(end.port), "-U", end.user, end.database,
        ],
        capture_output=True, text=True, check=False, env=end.environment,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise SystemExit(f"pgbench failed: {done.stderr[-1000:]}")
    return float(found.group(1))
