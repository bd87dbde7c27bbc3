"""`python -m bench.peers`: quality and speed of our engine and of others on the same texts; a table, and JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import phi
from bench.peers.measured import compared
from bench.peers.others import OTHERS
from bench.peers.texts import SAMPLE_BYTES, absent, corpora
from bench.table import of_peers, table
from lockgate.cli.phi_speed import machine

SHARED = Path(__file__).parents[2].parent / "shared" / "corpora"


def main() -> None:
    names = [other.name for other in OTHERS]
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[*names, []], help=f"of {', '.join(names)}; without one, all")
    parser.add_argument("--corpora", type=Path, default=SHARED, help="the folder of other corpora (%(default)s)")
    parser.add_argument("--sample", type=int, default=SAMPLE_BYTES, help="bytes of each corpus (%(default)s)")
    parser.add_argument("--no-engine", action="store_true", help="without the speeds of our engine alone")
    parser.add_argument("--json", type=Path, default=Path("bench/out/peers.json"), help="the file (%(default)s)")
    asked = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine(), "absent": absent(asked.corpora), "corpora": {}}
    chosen = [other for other in OTHERS if not asked.name or other.name in asked.name]
    for corpus in corpora(asked.corpora, asked.sample):
        print(f"{corpus.name} …", file=sys.stderr)
        figures["corpora"][corpus.name] = compared(corpus, chosen)
    if not asked.no_engine:
        print("the engine alone …", file=sys.stderr)
        figures["phi"] = phi.run()
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(of_peers(figures))
    if "phi" in figures:
        print(f"\n{table(figures)}")


if __name__ == "__main__":
    main()
