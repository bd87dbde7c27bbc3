"""How fast the PHI engine is on texts that it meets for the first time, each way in a process of its own.

A pass that was made before leaves names and dates in the engine's memory, and the next one would be faster than any
real one: so a process is warmed up with a text of ours, makes one pass over the texts, and ends. What is counted is
the processor's time of one thread: other work on the machine only adds to it, so the best of some rounds is taken.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lockgate.errors import ConfigError

WARM = (
    "Dr. Ana Okonjo saw John Q. Sample (MRN 4471902) on 3/4/2024 at Elm Hospital, 12 Oak St, Dover; call 802-555-0139."
)
START = "from lockgate.phi import detect; detect(['Seen by Dr. Ana Okonjo on 3/4/2024.'])"
CHILD = "from lockgate.cli.phi_speed import child; child()"


def _find_batches(texts: list[str]) -> None:
    from lockgate.phi import detect

    detect(texts)


def _find_singly(texts: list[str]) -> None:
    from lockgate.phi import detect

    for text in texts:
        detect([text])


def _replace_batches(texts: list[str]) -> None:
    from lockgate.phi import deidentify

    deidentify(texts)


def _replace_singly(texts: list[str]) -> None:
    from lockgate.phi import deidentify

    for text in texts:
        deidentify([text])


WAYS: dict[str, Callable[[list[str]], None]] = {
    "find_in_batches": _find_batches,
    "find_one_at_a_time": _find_singly,
    "find_and_replace_in_batches": _replace_batches,
    "find_and_replace_one_at_a_time": _replace_singly,
}


def speeds(texts: Sequence[str], rounds: int = 3) -> dict[str, float]:
    """Megabytes of UTF-8 a second on one core, by way; and the most memory that a process had, in megabytes."""
    figures: dict[str, float] = {}
    memory = 0.0
    megabytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    for way in WAYS:
        done = [_in_a_process({"way": way, "texts": list(texts)}) for _ in range(rounds)]
        figures[f"{way}_mb_s"] = round(megabytes / min(one["seconds"] for one in done), 2)
        memory = max(memory, *(one["memory_mb"] for one in done))
    return figures | {"memory_mb": round(memory)}


def start_s(rounds: int = 5) -> float:
    """Seconds from an interpreter that runs to the spans of a first text: the median, without the interpreter's own."""
    bare = sorted(_wall("pass") for _ in range(rounds))[rounds // 2]
    return round(sorted(_wall(START) for _ in range(rounds))[rounds // 2] - bare, 3)


def together(texts: Sequence[str], rounds: int = 3) -> float:
    """How many times the work of one process two at once do in a second of each one's core: below 2 by what they take
    from one another (caches, memory)."""
    order = {"way": "find_and_replace_in_batches", "texts": list(texts)}
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(_in_a_process(order)["seconds"])
        both = [_started() for _ in range(2)]
        for process in both:
            _told(process, order)
        beside.append(max(_answer(process)["seconds"] for process in both))
    return round(2 * min(alone) / min(beside), 2)


def machine() -> dict[str, object]:
    """What figures are quoted with."""
    return {
        "processor": _processor(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def child() -> None:
    """In the process of its own: an order on standard input, its figures on standard output."""
    from lockgate.phi import deidentify

    deidentify([WARM])
    order = json.loads(sys.stdin.buffer.read())
    start = time.process_time()
    WAYS[order["way"]](order["texts"])
    print(json.dumps({"seconds": time.process_time() - start, "memory_mb": _peak_mb()}))


def _in_a_process(order: dict[str, Any]) -> dict[str, float]:
    process = _started()
    _told(process, order)
    return _answer(process)


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter and our own line
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _told(process: subprocess.Popen[bytes], order: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode())
    process.stdin.close()


def _answer(process: subprocess.Popen[bytes]) -> dict[str, float]:
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read()
    if process.wait() != 0:
        raise ConfigError("the process that measures speed failed", hint="what it says stands above")
    figures: dict[str, float] = json.loads(out)
    return figures


def _wall(code: str) -> float:
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - a line of ours
    return time.monotonic() - start


def _peak_mb() -> float:
    """Of this process, in all its life."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
