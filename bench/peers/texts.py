"""What the engines are compared on: our own held-out texts, and corpora of others where they are to be had.

All are English, as the others' models and patterns are. The reading is that of Safe Harbor: titles, nationalities, ages
under 90, years and weekdays alone are no identifiers, so they are neither asked for nor punished.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from training.marks import all_documents

from lockgate.cli.phi import Marked, read

SAMPLE_BYTES = 150_000
"""Of each corpus: the slowest of the others does about 10,000 a second."""


@dataclass(frozen=True)
class Corpus:
    name: str
    what: str
    marked: list[Marked]
    ignored: frozenset[str] = frozenset()


SHARED: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("handwritten", "documents of all kinds, written by hand by other authors", frozenset()),
    ("aci_bench_train_phi", "visit notes in clinical prose", frozenset({"AGE", "YEAR", "WEEKDAY", "LOCATION_WEAK"})),
    ("presidio_synth_v2", "template sentences with international names", frozenset({"TITLE", "NRP", "AGE"})),
)


def corpora(folder: Path, most_bytes: int = SAMPLE_BYTES) -> Iterator[Corpus]:
    """Ours always; of the others those that stand in `folder`."""
    ours = [Marked(one.id, one.text, list(one.spans)) for one in all_documents(held=True) if "espanol" not in one.id]
    yield Corpus("held", "our own texts that were kept from training", sample(ours, most_bytes))
    for name, what, ignored in SHARED:
        path = folder / f"{name}.jsonl"
        if path.exists():
            yield Corpus(name, what, sample(list(read(path)), most_bytes), ignored)


def absent(folder: Path) -> list[str]:
    return [name for name, _, _ in SHARED if not (folder / f"{name}.jsonl").exists()]


def sample(marked: list[Marked], most_bytes: int) -> list[Marked]:
    """Every so-manieth, so that each kind is in it, and the same ones in each run."""
    size = sum(len(one.text.encode()) for one in marked)
    return marked[:: max(1, ceil(size / most_bytes))]
