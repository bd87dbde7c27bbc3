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
    Target("replacing in prose, surrogates", "replacing.prose.replace_safe_harbor_mb_s", "MB/s", least=20),
    Target("  in long notes, surrogates", "replacing.long_notes.replace_safe_harbor_mb_s", "MB/s"),
    Target("  in long notes, searched too", "replacing.long_notes.find_and_replace_mb_s", "MB/s"),
    Target("notes in batches, found and replaced", "phi.notes.find_and_replace_in_batches_mb_s", "MB/s", least=5),
    Target("  one at a time", "phi.notes.find_and_replace_one_at_a_time_mb_s", "MB/s", least=3),
    Target("  only found, in batches", "phi.notes.find_in_batches_mb_s", "MB/s"),
    Target("  identifiers in them", "phi.notes.identifiers_per_kb", "a KB"),
    Target("prose in batches, found and replaced", "phi.prose.find_and_replace_in_batches_mb_s", "MB/s", least=5),
    Target("  one at a time", "phi.prose.find_and_replace_one_at_a_time_mb_s", "MB/s", least=3),
    Target("  identifiers in it", "phi.prose.identifiers_per_kb", "a KB"),
    Target("memory that it takes to search and replace", "phi.notes.memory_mb", "MB", most=300),
    Target("cells of a table, replaced", "phi.columns.table_cells_s", "a second", least=500_000),
    Target("  names, searched", "phi.columns.names_searched_cells_s", "a second"),
    Target("import and first text", "phi.start_s", "s", most=0.5),
    Target("two processes", "phi.two_processes", "× one", least=1.8),
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
            lines.append(f"{target.what:<46} {_number(value):>10} {target.unit:<9} {_verdict(target, value)}".rstrip())
    if "absent" in str(_at(figures, "pgbench.prepared.pgbouncer")):
        lines.append("pgbouncer is not installed here, so nothing is compared with it")
    return "\n".join(lines)


def of_peers(figures: Mapping[str, Any]) -> str:
    """Every engine on every corpus; below, what each is, and what is missing."""
    lines = [
        f"measured on {figures['machine']}",
        f"{'':<34} {'covered':>8} {'precision':>10} {'whole':>6} {'touched':>8} {'MB/s':>8} {'slower':>9}",
    ]
    parts: dict[str, None] = {}
    for name, corpus in figures["corpora"].items():
        lines.append(f"{name}: {corpus['what']}, {corpus['bytes']:,} bytes")
        for engine, of in corpus["engines"].items():
            if "skipped" in of:
                parts[f"{engine} is skipped: {of['skipped']}"] = None
                continue
            shares = (of[key] for key in ("covered", "character_precision", "whole_documents", "touched"))
            covered, precision, whole, touched = ("-" if one is None else f"{one:.3f}" for one in shares)
            slower = f"{of['times_slower']:,.0f} ×" if "times_slower" in of else ""
            lines.append(
                f"  {engine:<32} {covered:>8} {precision:>10} {whole:>6} {touched:>8} "
                f"{of['mb_s']:>8.3g} {slower:>9}".rstrip()
            )
            parts[f"{engine}: {of['what']}"] = None
    absent = [f"not there, so not measured: {name}" for name in figures["absent"]]
    return "\n".join([*lines, *parts, *absent])


def _at(figures: Mapping[str, Any], path: str) -> Any:
    found: Any = figures
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.5g}"


def _verdict(target: Target, value: float) -> str:
    if target.least is not None:
        return f"{'reached' if value >= target.least else 'MISSED'} (at least {target.least:g})"
    if target.most is not None:
        return f"{'reached' if value <= target.most else 'MISSED'} (at most {target.most:g})"
    return ""
