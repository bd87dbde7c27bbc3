"""`python -m bench [part …]`: run the benchmarks, print a table, write `bench/out/figures.json`."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

from bench import gateway, log, policy

PARTS = {"policy": policy.run, "log": log.run, "gateway": gateway.run}


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    unknown = set(chosen) - set(PARTS)
    if unknown:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))} (there are {', '.join(PARTS)})")
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    figures: dict[str, object] = {"machine": machine}
    for name in chosen:
        print(f"{name} …", file=sys.stderr)
        figures[name] = PARTS[name]()
    for name in chosen:
        _show(name, figures[name])
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"written to {out / 'figures.json'}")


def _show(name: str, value: object, indent: int = 0) -> None:
    if isinstance(value, dict):
        print("  " * indent + name)
        for key, item in value.items():
            _show(str(key), item, indent + 1)
    else:
        print("  " * indent + f"{name:<34} {value}")


if __name__ == "__main__":
    main()
