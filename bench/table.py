"""The figures for people: what was measured, what is to be reached, and whether it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """`path` leads to the figure; `most` and `least` are what is to be reached, None where it is only reported."""

    what: str
    path: str
    unit: str = ""
    least: float | None = None
    most: float | None = None


TARGETS = (
    Target("pgbench -S prepared, of pgbouncer", "pgbench.prepared.of_pgbouncer", least=0.70),
    Target("pgbench -S prepared, of direct", "pgbench.prepared.of_direct", least=0.5),
    Target("pgbench -S prepared, audit each, of direct", "pgbench.prepared.of_direct_audit_each"),
    Target("  pgbouncer itself, prepared, of direct", "pgbench.prepared.pgbouncer_of_direct"),
    Target("pgbench -S simple, of direct", "pgbench.simple.of_direct", least=0.45),
    Target("pgbench -S simple, of pgbouncer", "pgbench.simple.of_pgbouncer"),
    Target("pgbench -S simple, audit each, of direct", "pgbench.simple.of_direct_audit_each"),
    Target("  pgbouncer itself, simple, of direct", "pgbench.simple.pgbouncer_of_direct"),
    Target("large SELECT, nothing masked", "streams.nothing_masked.times_direct", "× direct"),
    Target("large SELECT, two columns masked", "streams.two_columns_masked.times_direct", "× direct", most=1.5),
    Target("the same, free text searched", "streams.free_text_searched.times_direct", "× direct", most=3),
    Target("memory over a long masked stream, peak", "streams.memory.peak_mb", "MB", most=200),
    Target("  its growth between first and last third", "streams.memory.grew_mb", "MB", most=5),
    Target("clients held at once", "held.held_at_once", least=1000),
    Target("  from vote to first row, p50", "held.vote_to_first_row_p50_ms", "ms"),
    Target("  from vote to first row, p99", "held.vote_to_first_row_p99_ms", "ms", most=100),
    Target("longest wait beside a text of 1 MB", "stalls.a_text_of_1_mb.longest_ms", "ms", most=50),
    Target("longest wait beside a literal of 1 MB", "stalls.a_literal_of_1_mb.longest_ms", "ms", most=50),
    Target("longest wait beside an IN list of 1 MB", "stalls.an_in_list_of_1_mb.longest_ms", "ms"),
    Target("  the same, p99", "stalls.an_in_list_of_1_mb.p99_ms", "ms", most=50),
    Target("durable events a second, 100 writers", "log.events_per_s_100_writers", least=20_000),
    Target("durable events a second, one writer", "log.events_per_s_one_writer", least=1000),
    Target("a policy decision, fresh", "policy.masked_read_ms", "ms", most=1),
    Target("a policy decision, cached", "policy.cached_ms", "ms", most=0.1),
)


def table(figures: Mapping[str, Any]) -> str:
    """One line a figure that was measured; after it what is to be reached."""
    lines = [f"{'measured on ' + str(figures['machine'])}"]
    if figures.get("quick"):
        lines.append("a quick run: not to be quoted")
    for target in TARGETS:
        value = _at(figures, target.path)
        if value is not None:
            lines.append(f"{target.what:<46} {value:>10,.5g} {target.unit:<9} {_verdict(target, value)}".rstrip())
    if "absent" in str(_at(figures, "pgbench.prepared.pgbouncer")):
        lines.append("pgbouncer is not installed here, so nothing is compared with it")
    return "\n".join(lines)


def _at(figures: Mapping[str, Any], path: str) -> Any:
    found: Any = figures
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _verdict(target: Target, value: float) -> str:
    if target.least is not None:
        return f"{'reached' if value >= target.least else 'MISSED'} (at least {target.least:g})"
    if target.most is not None:
        return f"{'reached' if value <= target.most else 'MISSED'} (at most {target.most:g})"
    return ""
