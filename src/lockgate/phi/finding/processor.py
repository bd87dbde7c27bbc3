"""What the processor that we run on has, where the kernel says so."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@lru_cache(maxsize=1)
def has_avx2(cpuinfo: Path = CPUINFO) -> bool:
    """Whether each processor has it. False where nobody says."""
    try:
        flags = [line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")]
    except OSError:
        return False
    return bool(flags) and all("avx2" in line.split() for line in flags)
