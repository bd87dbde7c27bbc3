"""`python -m bench [NAME …]`: run the parts, print a table, write the figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bench import held, hostile, log, pgbench, phi, policy, replacing, stalls, streams
from bench.rounds import Plan
from bench.served import Served
from bench.table import table
from lockgate.cli.phi_speed import machine

ALONE: Mapping[str, Callable[[], dict[str, object]]] = {
    "policy": policy.run,
    "log": log.run,
    "replacing": replacing.run,
    "hostile": hostile.run,
    "phi": phi.run,
}
SERVED: Mapping[str, Callable[[Served, Plan], dict[str, object]]] = {
    "pgbench": pgbench.run,
    "streams": streams.run,
    "held": held.run,
    "stalls": stalls.run,
}
NAMES = (*SERVED, *ALONE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[*NAMES, []], help=f"of {', '.join(NAMES)}; without one, all")
    parser.add_argument("--rounds", type=int, default=Plan.rounds, help="interleaved rounds (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work; not to be quoted")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "out" / "figures.json", help="the file")
    asked = parser.parse_args()
    plan = replace(Plan(), rounds=asked.rounds)
    plan = plan.quick() if asked.quick else plan
    figures: dict[str, object] = {"machine": machine(), "quick": asked.quick}
    for name in asked.name or NAMES:
        print(f"{name} …", file=sys.stderr)
        if name in ALONE:
            figures[name] = ALONE[name]()
        else:
            # A world for each part: no part's tables, sessions or memory weigh on another's.
            with Served(held.settings(plan) if name == "held" else None) as world:
                figures[name] = SERVED[name](world, plan)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(table(figures))


if __name__ == "__main__":
    main()
