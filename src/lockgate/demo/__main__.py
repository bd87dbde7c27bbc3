"""`make demo` and `make up`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console

from lockgate.demo.story import Plot, Story
from lockgate.demo.world import AGENT, PEOPLE, World
from lockgate.errors import LockgateError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lockgate.demo", description=__doc__)
    parser.add_argument("--up", action="store_true", help="leave the world running until Ctrl-C")
    parser.add_argument("--patients", type=int, default=10_000)
    options = parser.parse_args()
    console = Console(emoji=False, highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        with console.status(f"starting PostgreSQL, a hospital of {options.patients:,} patients, and Lockgate …"):
            world = World(options.patients).__enter__()
    except LockgateError as error:
        console.print(f"[red]The demo could not start: {error}")
        return 1
    try:
        console.print(
            f"A hospital of {options.patients:,} patients is up, and Lockgate stands before it ({time.monotonic() - started:.0f} s)."
        )
        if options.up:
            _stay_up(world, console)
            return 0
        keep = Path(tempfile.mkdtemp(prefix="lockgate-demo-log-"))
        Story(world, console, keep).play()
    except (Plot, LockgateError) as error:
        console.print(f"[red]The story broke: {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        world.stop()
    console.print(f"\nThe log and its public key, and the receipt, are in {keep}", soft_wrap=True)
    console.print(f"Nothing is left running. ({time.monotonic() - started:.0f} s)")
    return 0


def _stay_up(world: World, console: Console) -> None:
    programs = f"{Path(sys.executable).parent}:{world.server.bin}"
    console.print(f"\n  export PATH={programs}:$PATH   # lockgate and psql", soft_wrap=True)
    console.print(f"\n  psql 'postgresql://{AGENT}:{world.token()}@127.0.0.1:{world.port}/clinic'", soft_wrap=True)
    console.print("  (the token is good for an hour)\n", soft_wrap=True)
    for name, groups in PEOPLE.items():
        console.print(
            f"  lockgate login {name} --url {world.url} --ca {world.ca}   # password {world.passwords[name]}  ({', '.join(groups)})",
            soft_wrap=True,
        )
    console.print(f"\n  Log: {world.store}", soft_wrap=True)
    console.print(f"  API: {world.url}/api/openapi.json\n\nCtrl-C ends it.")
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
