"""What the processor that we run on has, where the kernel says so."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@lru_cache(maxsize=4)
def has(*flags: str, cpuinfo: Path = CPUINFO) -> bool:
    """Whether each processor has all of them. False where nobody says."""
    try:
        lines = [line.split() for line in cpuinfo.read_text("latin-1").splitlines() if line.startswith("flags")]
    except OSError:
        return False
    return bool(lines) and all(set(flags) <= set(line) for line in lines)
