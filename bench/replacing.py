"""How fast identifiers are replaced: our own long notes and prose, with the marks that people made and with the search.

Run: python -m bench.replacing
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from training.marks import TEXTS, Marked, documents

from lockgate.phi.finding import Found, engine
from lockgate.phi.replacing import MemoryVault, named, replace

ROUNDS = 5
SOURCES = {"long_notes": "held-long", "prose": "prose"}


def run() -> dict[str, object]:
    """Megabytes of text a second on one core, by source; `replace` is without the search, each round a new vault."""
    return {name: _source(list(documents(TEXTS / f"{file}.txt"))) for name, file in SOURCES.items()}


def _source(marked: list[Marked]) -> dict[str, float]:
    texts = [document.text for document in marked]
    patients = [document.id for document in marked]
    marks = [
        Found(doc, start, end, label, "mark", 1.0)
        for doc, document in enumerate(marked)
        for start, end, label in document.spans
    ]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    figures = {"identifiers_per_kb": round(len(marks) / megabytes / 1000, 1)}
    for profile in ("safe-harbor", "expert-determination", "redact"):
        way = named(profile)
        seconds = _best(lambda way=way: replace(texts, marks, way, MemoryVault(), patients))  # type: ignore[misc]
        figures[f"replace_{profile.replace('-', '_')}_mb_s"] = round(megabytes / seconds, 1)
    way = named("safe-harbor")
    both = _best(lambda: replace(texts, engine().find(texts), way, MemoryVault(), patients))
    return figures | {"find_and_replace_mb_s": round(megabytes / both, 1)}


def _best(work: Callable[[], object]) -> float:
    """Seconds of the processor's time, the least of some rounds: other work on the machine only adds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
